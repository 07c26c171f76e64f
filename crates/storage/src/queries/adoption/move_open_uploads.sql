UPDATE open_uploads SET owner = ?, tenant_id = ?
WHERE tenant_id = ? AND NOT EXISTS (SELECT 1 FROM open_uploads AS own WHERE own.tenant_id = ? AND own.upload_id = open_uploads.upload_id)
