SELECT COUNT(*) AS count FROM approvals WHERE tenant_id = ? AND state = 'pending'
