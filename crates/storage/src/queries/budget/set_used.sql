UPDATE budget_pools SET used_tokens = ?, used_cost = ?, period_start = ?, warned = ? WHERE tenant_id = ? AND scope = ?
