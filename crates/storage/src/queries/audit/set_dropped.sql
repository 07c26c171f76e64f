UPDATE audit_heads SET dropped = ? WHERE tenant_id = ? AND dropped < ?
