INSERT INTO ws_tickets (digest, tenant_id, caller, expires_at) VALUES (?, ?, ?, ?)
