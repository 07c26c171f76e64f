SELECT bytes, files FROM tenant_usage WHERE tenant_id = ?
