DELETE FROM webhook_deliveries WHERE delivery_id IN (SELECT delivery_id FROM webhook_deliveries WHERE finished_at < ? ORDER BY finished_at LIMIT ?) AND finished_at < ?
