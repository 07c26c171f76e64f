UPDATE uploads SET tenant_id = ?
WHERE tenant_id = ? AND NOT EXISTS (SELECT 1 FROM uploads AS own WHERE own.tenant_id = ? AND own.upload_id = uploads.upload_id)
