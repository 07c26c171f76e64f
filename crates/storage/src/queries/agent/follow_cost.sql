UPDATE agents
SET max_cost_per_day = ?, updated_at = ?, revision = revision + 1
WHERE tenant_id = ? AND role = ? AND max_cost_per_day = ?
