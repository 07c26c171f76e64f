UPDATE files SET tenant_id = ?
WHERE tenant_id = ? AND NOT EXISTS (SELECT 1 FROM files AS own WHERE own.tenant_id = ? AND own.file_id = files.file_id)
