DELETE FROM budget_pools WHERE (tenant_id, scope) IN (SELECT tenant_id, scope FROM budget_pools WHERE kind IN ('session', 'agent') AND (source = 'none' OR (source = 'registry' AND kind = 'session')) AND reservations = 0 AND touched_at < ? LIMIT ?)
RETURNING tenant_id, kind
