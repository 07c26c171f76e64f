SELECT COUNT(*) AS count FROM halts WHERE tenant_id = ? AND lifted_at IS NULL
