SELECT metric, series, total, last_value, started_ns, time_ns FROM telemetry_metrics WHERE tenant_id = ? AND session_id = ?
