SELECT session_id, tenant_id, user_id, secret_digest, metadata, state, created_at, upgraded_at, expires_at
FROM sessions WHERE secret_digest = ?
