UPDATE budget_reservations SET status = ?, actual_tokens = ?, actual_cost = ?, ended_at = ? WHERE tenant_id = ? AND reservation_id = ?
