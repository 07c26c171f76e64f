UPDATE webhooks SET position = ? WHERE tenant_id = ? AND webhook_id = ? AND position = ? AND enabled = 1
