UPDATE tenant_usage SET bytes = bytes - ?, files = files - 1 WHERE tenant_id = ?
