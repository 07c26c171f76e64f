SELECT event_key, name, tool_use_id, raw, created_at FROM hook_events
WHERE tenant_id = ? AND session_id = ? AND (created_at, event_key) > (?, ?)
ORDER BY created_at, event_key LIMIT ?
