UPDATE webhook_deliveries SET status = 'pending', tries = 0, next_try_at = ?, finished_at = NULL WHERE tenant_id = ? AND delivery_id = ? AND webhook_id = ? AND status <> 'pending'
