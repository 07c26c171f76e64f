UPDATE executions
SET status = 'waiting', last_seq = last_seq + ?, updated_at = ?, wait = ?, wait_on = ?, wake_at = ?, retries = retries + ?
WHERE execution_id = ? AND last_seq = ? AND status = 'running'
RETURNING last_seq
