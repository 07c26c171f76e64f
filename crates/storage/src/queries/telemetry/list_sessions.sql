SELECT session_id, agent_id, agent_name, user_id, user_email, organization_id, client, client_version, models, first_seen_at, last_seen_at, received_at, last_sequence, missing, runs, counts, requests, input_tokens, output_tokens, cache_read_tokens, cache_creation_tokens, cost, duration_ms
FROM telemetry_sessions
