INSERT INTO seen_agents (tenant_id, name, session_id, sightings, first_seen_at, last_seen_at)
SELECT ?, ?, ?, 1, ?, ?
WHERE (SELECT COUNT(*) FROM seen_agents WHERE tenant_id = ?) < ?
ON CONFLICT DO NOTHING
