UPDATE records SET tenant_id = ?
WHERE tenant_id = ? AND NOT EXISTS (SELECT 1 FROM records AS own WHERE own.tenant_id = ? AND own.record_id = records.record_id)
