SELECT hash FROM audit_entries WHERE tenant_id = ? AND seq > ? AND seq <= ? ORDER BY seq
