DELETE FROM agent_sessions WHERE (tenant_id, session_id) IN (
    SELECT tenant_id, session_id FROM agent_sessions WHERE first_seen_at < ? AND last_seen_at < ? LIMIT ?
)
