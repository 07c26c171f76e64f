UPDATE webhooks SET previous_secret = secret, previous_until = ?, secret = ?, revision = revision + 1, updated_at = ? WHERE tenant_id = ? AND webhook_id = ?
