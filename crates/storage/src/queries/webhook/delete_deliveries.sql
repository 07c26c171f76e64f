DELETE FROM webhook_deliveries WHERE tenant_id = ? AND webhook_id = ? AND status = 'pending'
