UPDATE allowances SET revoked_at = ?, revoked_by = ? WHERE tenant_id = ? AND allowance_id = ? AND revoked_at IS NULL
