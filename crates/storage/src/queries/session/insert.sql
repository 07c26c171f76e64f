INSERT INTO sessions (session_id, tenant_id, user_id, secret_digest, metadata, state, created_at, upgraded_at, expires_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (session_id) DO NOTHING
