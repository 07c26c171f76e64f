INSERT INTO tenants (tenant_id, name, owner_id, created_at) VALUES (?, ?, ?, ?)
ON CONFLICT (tenant_id) DO NOTHING
