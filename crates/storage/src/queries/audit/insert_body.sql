INSERT INTO audit_bodies (tenant_id, seq, salt, body) VALUES (?, ?, ?, ?)
