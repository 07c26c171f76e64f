UPDATE agents SET lifecycle = ?, updated_at = ?, revision = ?, last_active_at = ? WHERE tenant_id = ? AND agent_id = ?
