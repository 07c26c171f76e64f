SELECT hash FROM audit_nodes WHERE tenant_id = ? AND level = ? AND position >= ? AND position < ? ORDER BY position
