SELECT name, session_id, sightings, first_seen_at, last_seen_at FROM seen_agents
WHERE tenant_id = ? AND name > ? AND NOT EXISTS (SELECT 1 FROM agents WHERE agents.tenant_id = seen_agents.tenant_id AND agents.name = seen_agents.name)
ORDER BY name LIMIT ?
