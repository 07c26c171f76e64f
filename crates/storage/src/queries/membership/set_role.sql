UPDATE memberships SET role = ? WHERE tenant_id = ? AND user_id = ?
