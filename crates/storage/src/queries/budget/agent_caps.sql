SELECT max_tokens_per_session, max_cost_per_day, tokens_used, cost_used, last_reset FROM agents WHERE tenant_id = ? AND agent_id = ?
