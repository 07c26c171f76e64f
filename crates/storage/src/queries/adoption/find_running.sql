SELECT execution_id FROM executions WHERE tenant_id = ? AND status IN ('pending', 'running') LIMIT 1
