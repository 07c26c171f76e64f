INSERT INTO agents (tenant_id, agent_id, name, role, role_confidence, role_reasoning, capabilities, rbac, max_tokens_per_session, max_cost_per_day, currency, tokens_used, cost_used, last_reset, category, specialist, version, tags, performance, lifecycle, owner, revision, synthesised, source_path, source_fingerprint, created_at, updated_at, last_active_at, source_text)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
