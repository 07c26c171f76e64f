UPDATE budget_pools SET warned = ? WHERE tenant_id = ? AND scope = ?
