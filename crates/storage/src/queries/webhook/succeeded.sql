UPDATE webhooks SET failing_since = NULL, failures = 0, last_delivered_at = ? WHERE tenant_id = ? AND webhook_id = ?
