SELECT tenant_id FROM audit_heads WHERE tenant_id > ? ORDER BY tenant_id LIMIT ?
