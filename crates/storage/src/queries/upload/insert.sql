INSERT INTO uploads (tenant_id, upload_id, digest, size, file_type, mime_type, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant_id, upload_id) DO NOTHING
