UPDATE agents SET last_active_at = ? WHERE tenant_id = ? AND agent_id = ?
