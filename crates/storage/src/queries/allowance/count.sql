SELECT COUNT(*) AS count FROM allowances WHERE tenant_id = ? AND revoked_at IS NULL AND expires_at > ?
