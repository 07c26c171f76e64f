UPDATE budget_pools SET cap_cost = ?
WHERE tenant_id = ? AND source = 'registry'
    AND scope IN (SELECT 'agent:' || agent_id FROM agents WHERE tenant_id = ? AND role = ? AND max_cost_per_day = ?)
