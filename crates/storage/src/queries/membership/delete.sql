DELETE FROM memberships WHERE tenant_id = ? AND user_id = ?
