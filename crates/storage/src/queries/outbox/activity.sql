SELECT seq, name, data, created_at FROM outbox WHERE tenant_id = ? AND stream = ? AND seq > ? ORDER BY seq LIMIT ?
