SELECT scope, agent_id, cap_tokens, cap_cost, period, window_hours, source, waits, period_start, used_tokens, used_cost, reserved_tokens, reserved_cost, reservations, members, awaited, warned, changed_by, touched_at
FROM budget_pools WHERE tenant_id = ? AND scope IN (?, ?, ?, ?, ?, ?, ?, ?)
