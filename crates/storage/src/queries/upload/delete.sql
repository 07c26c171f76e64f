DELETE FROM uploads WHERE tenant_id = ? AND upload_id = ?
