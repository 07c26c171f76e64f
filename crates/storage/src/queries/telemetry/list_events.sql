SELECT session_id, event_key, name, at, sequence, prompt_id, tool_use_id, agent_name, attributes
FROM telemetry_events
