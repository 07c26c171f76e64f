SELECT level, position, hash FROM audit_nodes WHERE tenant_id = ? AND (level > ? OR (level = ? AND position > ?)) ORDER BY level, position LIMIT ?
