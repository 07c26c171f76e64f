UPDATE open_uploads SET completed_at = ? WHERE tenant_id = ? AND upload_id = ? AND completed_at IS NULL
