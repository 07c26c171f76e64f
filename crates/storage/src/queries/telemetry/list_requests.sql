SELECT session_id, request_id, at, sequence, model, query_source, agent_id, agent_name, prompt_id, input_tokens, output_tokens, cache_read_tokens, cache_creation_tokens, cost, duration_ms
FROM telemetry_requests
