DELETE FROM telemetry_sessions WHERE received_at < ? AND (tenant_id, session_id) IN (SELECT tenant_id, session_id FROM telemetry_sessions WHERE received_at < ? ORDER BY received_at LIMIT ?)
