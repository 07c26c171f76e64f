SELECT ends_at, tokens, cost FROM budget_buckets WHERE tenant_id = ? AND scope = ? ORDER BY ends_at
