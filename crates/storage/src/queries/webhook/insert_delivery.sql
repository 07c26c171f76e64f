INSERT INTO webhook_deliveries (tenant_id, delivery_id, webhook_id, seq, kind, body, status, tries, attempts, log, next_try_at, created_at, finished_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
