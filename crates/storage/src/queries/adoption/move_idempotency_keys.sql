UPDATE idempotency_keys SET tenant_id = ?
WHERE tenant_id = ? AND NOT EXISTS (SELECT 1 FROM idempotency_keys AS own WHERE own.tenant_id = ? AND own.idempotency_key = idempotency_keys.idempotency_key)
