SELECT status, COUNT(*) AS count FROM executions WHERE tenant_id = ? GROUP BY status
