INSERT INTO uploads (tenant_id, upload_id, digest, size, file_type, mime_type, created_at) VALUES (?, ?, ?, 0, '', '', 0)
ON CONFLICT (tenant_id, upload_id) DO NOTHING
