SELECT DISTINCT session_id FROM refresh_tokens WHERE revoked_at > ? LIMIT ?
