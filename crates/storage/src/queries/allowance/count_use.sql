UPDATE allowances SET uses = uses + 1, last_used_at = ? WHERE tenant_id = ? AND allowance_id = ? AND revoked_at IS NULL AND expires_at > ?
