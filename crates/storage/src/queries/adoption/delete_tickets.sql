DELETE FROM ws_tickets WHERE tenant_id = ?
