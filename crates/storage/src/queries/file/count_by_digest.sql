SELECT COUNT(*) AS count FROM files WHERE tenant_id = ? AND digest = ? AND status <> 'purged'
