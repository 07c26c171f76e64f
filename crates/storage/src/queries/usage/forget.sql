DELETE FROM tenant_usage WHERE tenant_id IN (?, ?)
