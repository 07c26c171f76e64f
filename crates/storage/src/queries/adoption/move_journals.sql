UPDATE outbox SET tenant_id = ?, data = REPLACE(data, ?, ?)
WHERE stream IN (SELECT execution_id FROM executions WHERE tenant_id = ?)
