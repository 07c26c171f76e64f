UPDATE budget_pools SET members = members + ? WHERE tenant_id = ? AND scope = 'organisation'
