SELECT caller, expires_at FROM ws_tickets WHERE digest = ?
