SELECT tenant_id, size, frontier FROM audit_heads WHERE size > signed AND size - signed >= ? ORDER BY tenant_id LIMIT ?
