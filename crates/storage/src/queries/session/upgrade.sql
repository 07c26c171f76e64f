UPDATE sessions
SET tenant_id = ?, user_id = ?, secret_digest = NULL, metadata = ?, upgraded_at = ?, expires_at = ?
WHERE session_id = ? AND tenant_id = ? AND user_id IS NULL
