UPDATE sessions SET state = ? WHERE session_id = ? AND tenant_id = ?
