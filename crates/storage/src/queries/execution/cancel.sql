UPDATE executions
SET status = 'cancelled', last_seq = last_seq + 1, updated_at = ?, finished_at = ?, wait = NULL, wait_on = NULL, wake_at = NULL
WHERE tenant_id = ? AND execution_id = ? AND status IN ('pending', 'running', 'waiting')
RETURNING last_seq
