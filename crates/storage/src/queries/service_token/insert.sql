INSERT INTO service_tokens (token_id, digest, tenant_id, name, scopes, created_by, created_at, expires_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
