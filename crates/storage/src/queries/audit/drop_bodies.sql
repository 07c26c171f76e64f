DELETE FROM audit_bodies WHERE tenant_id = ? AND seq >= ? AND seq <= ?
