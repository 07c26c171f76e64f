SELECT status, wait FROM executions WHERE tenant_id = ? AND execution_id = ?
