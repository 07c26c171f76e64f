SELECT COUNT(*) AS count FROM memberships WHERE tenant_id = ? AND role = ?
