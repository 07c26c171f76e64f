UPDATE webhook_deliveries SET status = 'dead', next_try_at = NULL, finished_at = ? WHERE tenant_id = ? AND webhook_id = ? AND status = 'pending'
