SELECT digest, parent, family, user_id, tenant_id, session_id, issued_at, expires_at, used_at, revoked_at
FROM refresh_tokens WHERE digest = ?
