SELECT DISTINCT session_id FROM refresh_tokens WHERE family = ?
