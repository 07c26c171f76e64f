SELECT approval_id FROM approvals WHERE tenant_id = ? AND execution_id = ? AND state IN ('pending', 'approved')
