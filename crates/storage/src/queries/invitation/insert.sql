INSERT INTO invitations (digest, tenant_id, role, email_key, invited_by, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)
