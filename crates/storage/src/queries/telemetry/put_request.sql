INSERT INTO telemetry_requests (tenant_id, session_id, request_id, at, received_at, sequence, model, query_source, agent_id, agent_name, prompt_id, input_tokens, output_tokens, cache_read_tokens, cache_creation_tokens, cost, duration_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant_id, session_id, request_id) DO UPDATE
SET input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens, cache_read_tokens = excluded.cache_read_tokens, cache_creation_tokens = excluded.cache_creation_tokens,
    cost = excluded.cost, duration_ms = excluded.duration_ms
