SELECT tenant_id, size, created_at, note FROM audit_checkpoints WHERE tenant_id = ? AND size > ? ORDER BY size LIMIT ?
