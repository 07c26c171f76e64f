DELETE FROM executions WHERE execution_id = ? AND finished_at IS NOT NULL
