UPDATE agents
SET max_tokens_per_session = ?, updated_at = ?, revision = revision + 1
WHERE tenant_id = ? AND role = ? AND max_tokens_per_session = ?
