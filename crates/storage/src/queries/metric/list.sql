SELECT tenant_id, metric_id, agent_id, metric_type, execution_time_ms, success, tokens_used, api_calls, cost, quality_score, code_violations, tasks_completed, tasks_failed, context, recorded_at
FROM agent_metrics
