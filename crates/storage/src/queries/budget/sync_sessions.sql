UPDATE budget_pools SET cap_tokens = ?, source = 'registry' WHERE tenant_id = ? AND agent_id = ? AND source <> 'set'
