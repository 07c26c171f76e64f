//! `GET /api/v1/metrics/aggregate`, `quality` and `resources/usage`: what metrics add up to.

use axum::Json;
use axum::extract::State;
use civitas_model::{AgentId, Caller, Permission};
use civitas_storage::{MetricFilter, MetricSummary};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::extract::{Authenticated, Params, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// The period, unless asked otherwise, in days.
const DAYS: u32 = 7;

/// Which metrics.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AggregateQuery {
    /// Only of this agent.
    #[param(value_type = Option<String>)]
    agent_id: Option<AgentId>,
    /// Only of this type.
    metric_type: Option<String>,
    /// Of the last so many days; 7 when absent.
    #[param(maximum = 90, minimum = 1)]
    days: Option<u32>,
}

/// Which metrics.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PeriodQuery {
    /// Only of this agent.
    #[param(value_type = Option<String>)]
    agent_id: Option<AgentId>,
    /// Of the last so many days; 7 when absent.
    #[param(maximum = 90, minimum = 1)]
    days: Option<u32>,
}

/// What metrics add up to. Averages are of what was measured.
#[derive(Serialize, ToSchema)]
pub(crate) struct MetricAggregate {
    count: u64,
    avg_execution_time_ms: f64,
    /// 0 to 1.
    success_rate: f64,
    total_cost_usd: f64,
    total_tokens_used: u64,
    /// 0 to 1.
    avg_quality_score: f64,
    /// Absent when there is no metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    time_range_days: Option<u32>,
}

/// How good the work was.
#[derive(Serialize, ToSchema)]
pub(crate) struct QualityReport {
    /// The average, 0 to 1.
    overall_quality_score: f64,
    total_code_violations: u64,
    /// Metrics that say something about quality.
    metrics_analyzed: u64,
    period_days: u32,
}

/// What the work used.
#[derive(Serialize, ToSchema)]
pub(crate) struct ResourceUsage {
    total_tokens_used: u64,
    total_cost_usd: f64,
    total_api_calls: u64,
    period_days: u32,
}

async fn sum(
    state: &AppState,
    caller: &Caller,
    agent_id: Option<AgentId>,
    metric_type: Option<String>,
    days: u32,
) -> Result<MetricSummary, Problem> {
    require(caller, Permission::Read)?;
    let filter = MetricFilter {
        agent_id,
        metric_type,
        ..MetricFilter::default()
    };
    Ok(state.agents.aggregate(caller, filter, days).await?)
}

/// Add up the metrics of the last days.
#[utoipa::path(get, path = "/api/v1/metrics/aggregate", tag = "metrics", security(("bearer" = [])),
    params(AggregateQuery), responses(
        (status = 200, body = MetricAggregate), (status = 401, body = ProblemDocument),
    ))]
pub(crate) async fn aggregate(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Params(query): Params<AggregateQuery>,
) -> Result<Json<MetricAggregate>, Problem> {
    let days = query.days.unwrap_or(DAYS);
    let sum = sum(&state, &caller, query.agent_id, query.metric_type, days).await?;
    Ok(Json(MetricAggregate {
        count: sum.count,
        avg_execution_time_ms: sum.avg_execution_time_ms.unwrap_or_default(),
        success_rate: sum.success_rate.unwrap_or_default(),
        total_cost_usd: sum.cost.as_units(),
        total_tokens_used: sum.tokens_used,
        avg_quality_score: sum.avg_quality_score.unwrap_or_default(),
        time_range_days: (sum.count > 0).then_some(days),
    }))
}

/// Say how good the work of the last days was.
#[utoipa::path(get, path = "/api/v1/metrics/quality", tag = "metrics", security(("bearer" = [])),
    params(PeriodQuery), responses(
        (status = 200, body = QualityReport), (status = 401, body = ProblemDocument),
    ))]
pub(crate) async fn quality(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Params(query): Params<PeriodQuery>,
) -> Result<Json<QualityReport>, Problem> {
    let days = query.days.unwrap_or(DAYS);
    let sum = sum(&state, &caller, query.agent_id, None, days).await?;
    Ok(Json(QualityReport {
        overall_quality_score: sum.avg_quality_score.unwrap_or_default(),
        total_code_violations: sum.code_violations,
        metrics_analyzed: sum.qualities,
        period_days: days,
    }))
}

/// Say what the work of the last days used.
#[utoipa::path(get, path = "/api/v1/metrics/resources/usage", tag = "metrics", security(("bearer" = [])),
    params(PeriodQuery), responses(
        (status = 200, body = ResourceUsage), (status = 401, body = ProblemDocument),
    ))]
pub(crate) async fn resources(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Params(query): Params<PeriodQuery>,
) -> Result<Json<ResourceUsage>, Problem> {
    let days = query.days.unwrap_or(DAYS);
    let sum = sum(&state, &caller, query.agent_id, None, days).await?;
    Ok(Json(ResourceUsage {
        total_tokens_used: sum.tokens_used,
        total_cost_usd: sum.cost.as_units(),
        total_api_calls: sum.api_calls,
        period_days: days,
    }))
}
