SELECT body_digest, attempt, status, body, created_at FROM kept_answers WHERE tenant_id = ? AND answer_key = ?
