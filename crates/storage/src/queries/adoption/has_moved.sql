SELECT session_id FROM sessions WHERE session_id = ? AND tenant_id <> ?
