UPDATE executions
SET status = 'waiting', last_seq = last_seq + 1, updated_at = ?, wait = ?, wait_on = NULL, wake_at = NULL
WHERE tenant_id = ? AND execution_id = ? AND status IN ('pending', 'running', 'waiting')
RETURNING last_seq
