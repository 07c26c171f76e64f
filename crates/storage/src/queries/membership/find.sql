SELECT tenant_id, user_id, role FROM memberships WHERE tenant_id = ? AND user_id = ?
