INSERT INTO budget_reservations (tenant_id, reservation_id, scopes, tokens, cost, status, actual_tokens, actual_cost, created_at, expires_at, ended_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant_id, reservation_id) DO NOTHING
