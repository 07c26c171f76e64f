SELECT MIN(expires_at) AS expires_at FROM budget_reservations WHERE status = 'held'
