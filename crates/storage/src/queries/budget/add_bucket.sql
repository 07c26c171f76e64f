INSERT INTO budget_buckets (tenant_id, scope, ends_at, tokens, cost) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (tenant_id, scope, ends_at) DO UPDATE SET tokens = budget_buckets.tokens + excluded.tokens, cost = budget_buckets.cost + excluded.cost
