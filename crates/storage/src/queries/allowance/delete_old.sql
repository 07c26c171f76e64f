DELETE FROM allowances WHERE (tenant_id, allowance_id) IN (
    SELECT tenant_id, allowance_id FROM allowances WHERE expires_at < ? LIMIT ?
)
