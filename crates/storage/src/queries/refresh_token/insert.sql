INSERT INTO refresh_tokens (digest, parent, family, user_id, tenant_id, session_id, issued_at, expires_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
