SELECT tenant_id, size, created_at, note FROM audit_checkpoints WHERE (created_at, tenant_id, size) > (?, ?, ?) ORDER BY created_at, tenant_id, size LIMIT ?
