SELECT 1 AS one FROM telemetry_sessions WHERE tenant_id = ? AND session_id = ? AND requests > 0 AND received_at >= ?
    AND input_tokens + output_tokens > 0
