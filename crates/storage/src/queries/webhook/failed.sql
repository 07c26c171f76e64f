UPDATE webhooks SET failing_since = COALESCE(failing_since, ?), failures = failures + 1 WHERE tenant_id = ? AND webhook_id = ?
