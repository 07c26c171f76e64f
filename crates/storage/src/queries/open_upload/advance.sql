UPDATE open_uploads SET received = ?, digest = ?, expires_at = ?
WHERE tenant_id = ? AND upload_id = ? AND received = ? AND completed_at IS NULL
