UPDATE budget_pools SET awaited = ? WHERE tenant_id = ? AND scope = ?
