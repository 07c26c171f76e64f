UPDATE executions
SET last_seq = last_seq + ?, updated_at = ?
WHERE execution_id = ? AND last_seq = ? AND status = 'running'
RETURNING last_seq
