SELECT tenant_id, reservation_id, scopes, tokens, cost FROM budget_reservations
WHERE status = 'held' AND expires_at <= ? ORDER BY expires_at LIMIT ?
