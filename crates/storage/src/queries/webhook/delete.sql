DELETE FROM webhooks WHERE tenant_id = ? AND webhook_id = ?
