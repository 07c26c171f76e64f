SELECT tenant_id, delivery_id, webhook_id, seq, kind, body, status, tries, attempts, log, next_try_at, created_at, finished_at FROM webhook_deliveries
