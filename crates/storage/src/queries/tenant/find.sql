SELECT tenant_id, name, owner_id, created_at FROM tenants WHERE tenant_id = ?
