DELETE FROM open_uploads WHERE tenant_id = ? AND upload_id = ?
