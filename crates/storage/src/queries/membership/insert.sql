INSERT INTO memberships (tenant_id, user_id, role, created_at) VALUES (?, ?, ?, ?)
ON CONFLICT (tenant_id, user_id) DO NOTHING
