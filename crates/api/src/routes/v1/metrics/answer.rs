//! A metric as it is answered.

use civitas_model::{Metric, Money, Timestamp};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A metric. What was not measured is null.
#[derive(Serialize, ToSchema)]
pub(crate) struct MetricResponse {
    metric_id: String,
    agent_id: String,
    /// `execution`, `cost`, `quality`, `task_completion`, or the caller's own word.
    metric_type: String,
    execution_time_ms: Option<f64>,
    success: Option<bool>,
    tokens_used: Option<u64>,
    api_calls: Option<u64>,
    cost_usd: Option<f64>,
    /// 0 to 1.
    quality_score: Option<f64>,
    code_violations: Option<u64>,
    tasks_completed: Option<u64>,
    tasks_failed: Option<u64>,
    #[schema(value_type = Option<Object>)]
    context: Option<Value>,
    #[schema(value_type = String, format = DateTime)]
    recorded_at: Timestamp,
}

impl From<Metric> for MetricResponse {
    fn from(metric: Metric) -> Self {
        Self {
            metric_id: metric.metric_id.to_string(),
            agent_id: metric.agent_id.to_string(),
            metric_type: metric.metric_type,
            execution_time_ms: metric.execution_time_ms,
            success: metric.success,
            tokens_used: metric.tokens_used,
            api_calls: metric.api_calls,
            cost_usd: metric.cost.map(Money::as_units),
            quality_score: metric.quality_score,
            code_violations: metric.code_violations,
            tasks_completed: metric.tasks_completed,
            tasks_failed: metric.tasks_failed,
            context: metric.context,
            recorded_at: metric.recorded_at,
        }
    }
}
