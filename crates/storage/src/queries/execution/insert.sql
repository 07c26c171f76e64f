INSERT INTO executions (execution_id, tenant_id, intent_type, session_id, status, attempt, retries, last_seq, parent_id, created_at, updated_at)
VALUES (?, ?, ?, ?, 'pending', 0, 0, 1, ?, ?, ?)
ON CONFLICT (execution_id) DO NOTHING
