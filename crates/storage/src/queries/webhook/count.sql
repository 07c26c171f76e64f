SELECT COUNT(*) AS count FROM webhooks WHERE tenant_id = ?
