UPDATE kept_answers SET status = ?, body = ? WHERE tenant_id = ? AND answer_key = ? AND attempt = ? AND status IS NULL
