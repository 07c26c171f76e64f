SELECT tenant_id, upload_id, digest FROM uploads
WHERE created_at < ? AND (tenant_id, upload_id) > (?, ?)
ORDER BY tenant_id, upload_id
LIMIT ?
