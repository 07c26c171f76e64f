SELECT COUNT(*) AS count,
    AVG(execution_time_ms) AS execution_time_ms,
    AVG(CAST(success AS DOUBLE PRECISION)) AS success_rate,
    AVG(quality_score) AS quality_score,
    COUNT(COALESCE(quality_score, CAST(code_violations AS DOUBLE PRECISION))) AS qualities,
    CAST(COALESCE(SUM(tokens_used), 0) AS BIGINT) AS tokens_used,
    CAST(COALESCE(SUM(cost), 0) AS BIGINT) AS cost,
    CAST(COALESCE(SUM(api_calls), 0) AS BIGINT) AS api_calls,
    CAST(COALESCE(SUM(code_violations), 0) AS BIGINT) AS code_violations,
    CAST(COALESCE(SUM(tasks_completed), 0) AS BIGINT) AS tasks_completed,
    CAST(COALESCE(SUM(tasks_failed), 0) AS BIGINT) AS tasks_failed
FROM agent_metrics
