SELECT seq, data, tenant_id FROM outbox WHERE stream = ? AND seq > ? ORDER BY seq LIMIT ?
