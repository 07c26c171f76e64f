UPDATE executions
SET last_seq = last_seq + ?, updated_at = ?
WHERE tenant_id = ? AND execution_id = ? AND last_seq = ? AND status = 'running'
