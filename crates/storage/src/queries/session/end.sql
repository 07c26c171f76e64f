UPDATE sessions SET expires_at = ? WHERE session_id = ? AND expires_at > ?
