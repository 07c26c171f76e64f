SELECT tenant_id, webhook_id FROM webhooks WHERE enabled = 1 ORDER BY tenant_id, webhook_id
