INSERT INTO audit_checkpoints (tenant_id, size, created_at, note) VALUES (?, ?, ?, ?)
ON CONFLICT (tenant_id, size) DO NOTHING
