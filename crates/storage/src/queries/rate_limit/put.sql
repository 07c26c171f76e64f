INSERT INTO rate_limits (name, hits, expires_at) VALUES (?, ?, ?)
ON CONFLICT (name) DO UPDATE SET hits = excluded.hits, expires_at = excluded.expires_at
