SELECT DISTINCT tenant_id FROM budget_pools WHERE awaited <> 0
