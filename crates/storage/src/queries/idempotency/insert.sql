INSERT INTO idempotency_keys (tenant_id, idempotency_key, body_digest, execution_id, intent_id, created_at)
VALUES (?, ?, ?, ?, ?, ?)
