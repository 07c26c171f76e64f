DELETE FROM ws_tickets WHERE digest = ? AND expires_at > ?
