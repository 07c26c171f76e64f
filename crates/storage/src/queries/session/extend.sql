UPDATE sessions SET expires_at = ? WHERE session_id = ? AND user_id = ? AND expires_at > ?
