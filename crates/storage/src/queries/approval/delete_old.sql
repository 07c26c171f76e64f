DELETE FROM approvals WHERE (tenant_id, approval_id) IN (
    SELECT tenant_id, approval_id FROM approvals
    WHERE state IN ('denied', 'expired', 'withdrawn', 'used') AND expires_at < ?
    LIMIT ?
)
