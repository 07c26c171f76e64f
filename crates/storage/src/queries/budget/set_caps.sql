UPDATE budget_pools SET cap_tokens = ?, cap_cost = ?, period = ?, window_hours = ?, source = ?, waits = ?, changed_by = ?, touched_at = ? WHERE tenant_id = ? AND scope = ?
