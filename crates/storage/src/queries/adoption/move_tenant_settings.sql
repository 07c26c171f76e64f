UPDATE tenant_settings SET tenant_id = ?
WHERE tenant_id = ? AND NOT EXISTS (SELECT 1 FROM tenant_settings AS own WHERE own.tenant_id = ? AND own.name = tenant_settings.name)
