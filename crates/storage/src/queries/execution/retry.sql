UPDATE executions
SET status = 'pending', retries = 0, last_seq = last_seq + 1, updated_at = ?, finished_at = NULL, failure = NULL
WHERE tenant_id = ? AND execution_id = ? AND status IN ('failed', 'cancelled')
RETURNING last_seq
