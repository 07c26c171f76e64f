SELECT COUNT(*) AS count FROM telemetry_sessions WHERE tenant_id = ?
