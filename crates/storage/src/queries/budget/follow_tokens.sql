UPDATE budget_pools SET cap_tokens = ?
WHERE tenant_id = ? AND source = 'registry'
    AND agent_id IN (SELECT agent_id FROM agents WHERE tenant_id = ? AND role = ? AND max_tokens_per_session = ?)
