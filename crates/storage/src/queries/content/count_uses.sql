SELECT
    (SELECT COUNT(*) FROM files WHERE tenant_id = ? AND digest = ? AND status <> 'purged')
    + (SELECT COUNT(*) FROM uploads WHERE tenant_id = ? AND digest = ? AND created_at >= ?)
    + (SELECT COUNT(*) FROM artifacts WHERE tenant_id = ? AND lifecycle_state <> 'DELETED' AND materializations LIKE ?) AS count
