SELECT reservation_id, scopes, tokens, cost, status, actual_tokens, actual_cost, created_at, expires_at, ended_at
FROM budget_reservations WHERE tenant_id = ? AND reservation_id = ?
