DELETE FROM seen_agents WHERE last_seen_at < ?
