INSERT INTO telemetry_sessions (tenant_id, session_id, agent_id, agent_name, user_id, user_email, organization_id, client, client_version, models, first_seen_at, last_seen_at, received_at, last_sequence, missing, runs, counts, requests, input_tokens, output_tokens, cache_read_tokens, cache_creation_tokens, cost, duration_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant_id, session_id) DO UPDATE
SET agent_id = excluded.agent_id, agent_name = excluded.agent_name, user_id = excluded.user_id, user_email = excluded.user_email, organization_id = excluded.organization_id,
    client = excluded.client, client_version = excluded.client_version, models = excluded.models, first_seen_at = excluded.first_seen_at, last_seen_at = excluded.last_seen_at,
    received_at = excluded.received_at, last_sequence = excluded.last_sequence, missing = excluded.missing, runs = excluded.runs, counts = excluded.counts, requests = excluded.requests,
    input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens, cache_read_tokens = excluded.cache_read_tokens, cache_creation_tokens = excluded.cache_creation_tokens,
    cost = excluded.cost, duration_ms = excluded.duration_ms
