DELETE FROM budget_reservations WHERE (tenant_id, reservation_id) IN (SELECT tenant_id, reservation_id FROM budget_reservations WHERE ended_at IS NOT NULL AND ended_at < ? ORDER BY ended_at LIMIT ?)
