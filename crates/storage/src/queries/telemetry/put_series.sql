INSERT INTO telemetry_metrics (tenant_id, session_id, metric, series, model, kind, total, last_value, started_ns, time_ns, received_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant_id, session_id, metric, series) DO UPDATE
SET total = excluded.total, last_value = excluded.last_value, started_ns = excluded.started_ns, time_ns = excluded.time_ns, received_at = excluded.received_at
