SELECT tenant_id, file_id, session_id, ui_name, file_type, mime_type, ingestion_type, size, digest, status, contract_id, metadata, created_at, updated_at
FROM files WHERE status <> 'purged' AND digest >= ?
ORDER BY digest, tenant_id, file_id
LIMIT ?
