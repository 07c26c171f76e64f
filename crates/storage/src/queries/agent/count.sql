SELECT COUNT(*) AS count FROM agents WHERE tenant_id = ?
