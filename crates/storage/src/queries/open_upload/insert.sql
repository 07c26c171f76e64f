INSERT INTO open_uploads (tenant_id, upload_id, owner, session_id, parameters, length, received, stated_digest, created_at, expires_at)
VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?)
ON CONFLICT (tenant_id, upload_id) DO NOTHING
