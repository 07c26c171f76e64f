UPDATE executions
SET status = 'waiting', last_seq = last_seq + ?, updated_at = ?, wait = ?, wait_on = ?, wake_at = ?, retries = retries + ?
WHERE tenant_id = ? AND execution_id = ? AND last_seq = ? AND status = 'running'
