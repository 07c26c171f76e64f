SELECT tenant_id, halt_id, scope_kind, scope_id, reason, set_by, set_at, lifted_by, lifted_at
FROM halts WHERE tenant_id = ? AND lifted_at IS NULL ORDER BY set_at, halt_id LIMIT ?
