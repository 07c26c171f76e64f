UPDATE webhook_deliveries SET status = ?, tries = ?, attempts = ?, log = ?, next_try_at = ?, finished_at = ? WHERE tenant_id = ? AND delivery_id = ? AND webhook_id = ?
