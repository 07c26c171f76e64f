SELECT size, hash, frontier, signed, dropped FROM audit_heads WHERE tenant_id = ?
