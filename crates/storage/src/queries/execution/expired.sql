SELECT e.execution_id FROM executions AS e
WHERE e.finished_at IS NOT NULL AND e.finished_at < ?
    AND NOT EXISTS (SELECT 1 FROM executions AS parent WHERE parent.execution_id = e.parent_id)
ORDER BY e.finished_at LIMIT ?
