SELECT MIN(ends_at) AS ends_at FROM budget_buckets WHERE tenant_id = ? AND scope = ?
