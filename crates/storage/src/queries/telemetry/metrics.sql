SELECT metric, model, kind, SUM(total) AS total, COUNT(*) AS series FROM telemetry_metrics
WHERE tenant_id = ? AND session_id = ? GROUP BY metric, model, kind ORDER BY metric, model, kind
