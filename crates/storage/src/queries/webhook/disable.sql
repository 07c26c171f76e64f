UPDATE webhooks SET enabled = 0, disabled_reason = ?, revision = revision + 1, updated_at = ? WHERE tenant_id = ? AND webhook_id = ? AND enabled = 1
