UPDATE budget_pools SET cap_cost = ?, source = 'registry' WHERE tenant_id = ? AND scope = ? AND source <> 'set'
