SELECT tenant_id, upload_id, digest, size, file_type, mime_type, created_at FROM uploads
WHERE tenant_id = ? AND upload_id = ? AND created_at >= ?
