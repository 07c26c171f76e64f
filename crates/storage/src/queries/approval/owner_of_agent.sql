SELECT owner FROM agents WHERE tenant_id = ? AND agent_id = ?
