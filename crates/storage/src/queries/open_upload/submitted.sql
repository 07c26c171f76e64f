UPDATE open_uploads SET execution_id = ? WHERE tenant_id = ? AND upload_id = ?
