INSERT INTO files (tenant_id, file_id, session_id, ui_name, name_key, file_type, mime_type, ingestion_type, size, digest, status, contract_id, metadata, tag_key, created_at, updated_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant_id, file_id) DO UPDATE
SET ui_name = excluded.ui_name, name_key = excluded.name_key, file_type = excluded.file_type, mime_type = excluded.mime_type, status = excluded.status,
    contract_id = excluded.contract_id, metadata = excluded.metadata, tag_key = excluded.tag_key, updated_at = excluded.updated_at
