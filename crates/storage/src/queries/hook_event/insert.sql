INSERT INTO hook_events (tenant_id, session_id, event_key, name, tool_use_id, raw, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
