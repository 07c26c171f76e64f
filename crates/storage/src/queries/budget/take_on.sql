UPDATE budget_pools SET agent_id = ?, cap_tokens = ?, source = ? WHERE tenant_id = ? AND scope = ?
