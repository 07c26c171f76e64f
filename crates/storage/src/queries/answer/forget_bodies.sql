UPDATE kept_answers SET body = NULL WHERE tenant_id = ? AND body IS NOT NULL
