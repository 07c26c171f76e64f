SELECT seq, name, data, created_at, tenant_id FROM outbox WHERE stream = ? AND seq > ? ORDER BY seq LIMIT ?
