INSERT INTO telemetry_events (tenant_id, session_id, event_key, name, at, received_at, sequence, prompt_id, tool_use_id, agent_name, attributes)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
