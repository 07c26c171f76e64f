UPDATE budget_pools SET cap_cost = NULL, cap_tokens = NULL, source = 'none' WHERE tenant_id = ? AND scope = ? AND source = 'registry'
