SELECT delivery_id FROM webhook_deliveries WHERE tenant_id = ? AND webhook_id = ? AND created_at >= ? AND status <> 'pending' AND seq > 0 ORDER BY created_at, delivery_id LIMIT ?
