UPDATE executions SET wake_at = ? WHERE tenant_id = ? AND wait_on = ? AND status = 'waiting'
