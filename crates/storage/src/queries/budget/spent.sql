UPDATE agents
SET tokens_used = CASE WHEN last_reset < ? THEN ? WHEN tokens_used < 4000000000000000000 THEN tokens_used + ? ELSE tokens_used END,
    cost_used = CASE WHEN last_reset < ? THEN ? WHEN cost_used < 4000000000000000000 THEN cost_used + ? ELSE cost_used END,
    last_reset = CASE WHEN last_reset < ? THEN ? ELSE last_reset END,
    last_active_at = ?
WHERE tenant_id = ? AND agent_id = ?
RETURNING tokens_used, cost_used, max_cost_per_day
