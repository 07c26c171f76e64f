SELECT execution_id FROM executions WHERE parent_id = ? AND tenant_id = ? AND status IN ('pending', 'running', 'waiting') LIMIT 1000
