DELETE FROM seen_agents WHERE tenant_id = ? AND name = ?
