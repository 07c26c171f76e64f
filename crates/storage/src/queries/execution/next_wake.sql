SELECT MIN(wake_at) AS wake_at FROM executions WHERE wake_at IS NOT NULL
