SELECT DISTINCT tenant_id FROM audit_entries WHERE tenant_id > ? ORDER BY tenant_id LIMIT ?
