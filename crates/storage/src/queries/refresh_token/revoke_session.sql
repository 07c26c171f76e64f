UPDATE refresh_tokens SET revoked_at = ? WHERE session_id = ? AND revoked_at IS NULL
