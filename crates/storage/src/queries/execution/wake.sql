UPDATE executions SET wake_at = ? WHERE wait_on = ? AND status = 'waiting' RETURNING execution_id
