DELETE FROM budget_buckets WHERE tenant_id = ? AND scope = ? AND ends_at <= ? RETURNING ends_at, tokens, cost
