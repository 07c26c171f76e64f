UPDATE executions
SET status = ?, last_seq = last_seq + ?, updated_at = ?, finished_at = ?, result = ?, failure = ?, wait = NULL, wait_on = NULL, wake_at = NULL
WHERE tenant_id = ? AND execution_id = ? AND last_seq = ? AND status = 'running'
