//! `POST /api/v1/metrics`: record a metric.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use civitas_governance::NewMetric;
use civitas_model::AgentId;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::answer::MetricResponse;
use crate::extract::{Body, Reporter};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// A metric to record. What was not measured is left out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MetricCreate {
    #[schema(value_type = String)]
    agent_id: AgentId,
    /// `execution`, `cost`, `quality`, `task_completion`, or your own word.
    metric_type: String,
    #[schema(minimum = 0)]
    execution_time_ms: Option<f64>,
    success: Option<bool>,
    #[schema(minimum = 0)]
    tokens_used: Option<i64>,
    #[schema(minimum = 0)]
    api_calls: Option<i64>,
    #[schema(minimum = 0)]
    cost_usd: Option<f64>,
    /// 0 to 1; above 1 it is of 100.
    #[schema(minimum = 0, maximum = 100)]
    quality_score: Option<f64>,
    #[schema(minimum = 0)]
    code_violations: Option<i64>,
    #[schema(minimum = 0)]
    tasks_completed: Option<i64>,
    #[schema(minimum = 0)]
    tasks_failed: Option<i64>,
    /// Whatever else belongs to it, up to 16 KiB.
    #[schema(value_type = Option<Object>)]
    context: Option<Value>,
}

/// Record a metric. The agent's usage of today, its performance and when it was last seen change with it.
#[utoipa::path(post, path = "/api/v1/metrics", tag = "metrics", security(("bearer" = [])),
    request_body = MetricCreate, responses(
        (status = 201, body = MetricResponse), (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument, description = "There is no such agent."),
    ))]
pub(crate) async fn record(
    State(state): State<AppState>,
    Reporter(caller): Reporter,
    Body(body): Body<MetricCreate>,
) -> Result<(StatusCode, Json<MetricResponse>), Problem> {
    let new = NewMetric {
        agent_id: body.agent_id,
        metric_type: body.metric_type,
        execution_time_ms: body.execution_time_ms,
        success: body.success,
        tokens_used: body.tokens_used,
        api_calls: body.api_calls,
        cost_usd: body.cost_usd,
        quality_score: body.quality_score,
        code_violations: body.code_violations,
        tasks_completed: body.tasks_completed,
        tasks_failed: body.tasks_failed,
        context: body.context,
    };
    let metric = state.agents.record(&caller, new).await?;
    Ok((StatusCode::CREATED, Json(metric.into())))
}
