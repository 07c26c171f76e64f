INSERT INTO policy_heads (tenant_id, newest, active, base, activations)
VALUES (?, ?, ?, ?, ?)
ON CONFLICT (tenant_id) DO UPDATE SET newest = excluded.newest, active = excluded.active, base = excluded.base, activations = excluded.activations
