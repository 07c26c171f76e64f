SELECT body_digest, execution_id, intent_id, created_at FROM idempotency_keys WHERE tenant_id = ? AND idempotency_key = ?
