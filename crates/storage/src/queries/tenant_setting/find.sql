SELECT version, value, changed_by, changed_at FROM tenant_settings WHERE tenant_id = ? AND name = ?
