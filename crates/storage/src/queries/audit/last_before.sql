SELECT seq FROM audit_entries WHERE tenant_id = ? AND created_at < ? ORDER BY created_at DESC, seq DESC LIMIT 1
