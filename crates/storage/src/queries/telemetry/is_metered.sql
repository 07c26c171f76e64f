SELECT 1 AS one FROM telemetry_sessions WHERE tenant_id = ? AND session_id = ? AND requests > 0
