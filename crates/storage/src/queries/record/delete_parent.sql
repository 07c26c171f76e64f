DELETE FROM records WHERE tenant_id = ? AND parent_id = ?
