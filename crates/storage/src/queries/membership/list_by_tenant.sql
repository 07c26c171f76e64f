SELECT m.tenant_id, m.user_id, m.role, u.email, u.name
FROM memberships m JOIN users u ON u.user_id = m.user_id
WHERE m.tenant_id = ? ORDER BY m.created_at, m.user_id LIMIT ? OFFSET ?
