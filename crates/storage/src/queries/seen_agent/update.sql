UPDATE seen_agents SET session_id = ?, sightings = sightings + 1, last_seen_at = ? WHERE tenant_id = ? AND name = ?
