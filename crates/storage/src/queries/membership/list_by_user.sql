SELECT tenant_id, user_id, role FROM memberships WHERE user_id = ? ORDER BY created_at, tenant_id LIMIT ?
