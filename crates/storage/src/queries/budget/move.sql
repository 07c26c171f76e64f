UPDATE budget_pools
SET used_tokens = CASE WHEN used_tokens < 4000000000000000000 THEN used_tokens + ? ELSE used_tokens END,
    used_cost = CASE WHEN used_cost < 4000000000000000000 THEN used_cost + ? ELSE used_cost END,
    reserved_tokens = reserved_tokens + ?, reserved_cost = reserved_cost + ?, reservations = reservations + ?, touched_at = ?
WHERE tenant_id = ? AND scope IN (?, ?, ?, ?, ?, ?, ?, ?)
