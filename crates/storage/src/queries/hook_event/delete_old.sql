DELETE FROM hook_events WHERE (tenant_id, session_id, event_key) IN (
    SELECT tenant_id, session_id, event_key FROM hook_events WHERE created_at < ? LIMIT ?
)
