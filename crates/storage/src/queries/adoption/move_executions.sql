UPDATE executions SET tenant_id = ?, result = REPLACE(result, ?, ?) WHERE tenant_id = ?
