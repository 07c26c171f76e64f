SELECT tenant_id, role, email_key, expires_at, used_at FROM invitations WHERE digest = ?
