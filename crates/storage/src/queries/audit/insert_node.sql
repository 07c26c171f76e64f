INSERT INTO audit_nodes (tenant_id, level, position, hash) VALUES (?, ?, ?, ?)
