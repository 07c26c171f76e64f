UPDATE executions
SET status = 'pending', last_seq = last_seq + 1, updated_at = ?, wait = NULL, wait_on = NULL, wake_at = NULL
WHERE tenant_id = ? AND execution_id = ? AND status = 'waiting'
RETURNING last_seq
