UPDATE service_tokens SET last_used_at = ? WHERE token_id = ?
