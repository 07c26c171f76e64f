SELECT COUNT(*) AS count FROM open_uploads WHERE tenant_id = ? AND completed_at IS NULL
