SELECT COUNT(*) AS count
FROM executions AS e JOIN outbox AS o ON o.stream = e.execution_id
WHERE e.tenant_id = ? AND e.status <> 'completed' AND o.data LIKE ?
