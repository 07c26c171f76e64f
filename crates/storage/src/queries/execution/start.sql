UPDATE executions
SET status = 'running', attempt = attempt + 1, last_seq = last_seq + ?, wait = NULL, wait_on = NULL, wake_at = NULL, updated_at = ?
WHERE tenant_id = ? AND execution_id = ? AND last_seq = ? AND status IN ('pending', 'running', 'waiting')
