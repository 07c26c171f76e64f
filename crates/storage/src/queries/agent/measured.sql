UPDATE agents SET tokens_used = ?, cost_used = ?, last_reset = ?, performance = ?, last_active_at = ? WHERE tenant_id = ? AND agent_id = ?
