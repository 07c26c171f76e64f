SELECT
    (SELECT COUNT(*) FROM files WHERE tenant_id = ? AND digest = ? AND status <> 'purged')
    + (SELECT COUNT(*) FROM uploads WHERE tenant_id = ? AND digest = ?) AS count
