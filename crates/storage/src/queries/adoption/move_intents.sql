UPDATE intents SET tenant_id = ?
WHERE execution_id IN (SELECT execution_id FROM executions WHERE tenant_id = ?)
