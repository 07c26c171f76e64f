SELECT token_id, tenant_id, name, scopes, created_by, created_at, expires_at, last_used_at, revoked_at
FROM service_tokens WHERE tenant_id = ? ORDER BY created_at DESC, token_id DESC LIMIT ? OFFSET ?
