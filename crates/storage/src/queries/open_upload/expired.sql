SELECT tenant_id, upload_id, owner, session_id, parameters, length, received, stated_digest, digest, execution_id, completed_at, expires_at
FROM open_uploads WHERE expires_at < ? ORDER BY expires_at LIMIT ?
