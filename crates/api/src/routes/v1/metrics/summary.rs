//! `GET /api/v1/metrics/agent/{agent_id}/summary`: all that an agent measured.

use axum::Json;
use axum::extract::State;
use civitas_model::Permission;
use civitas_model::id::AgentKind;
use civitas_storage::MetricSummary;
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::{Authenticated, PathId, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// All that an agent measured. Without a metric the three objects are empty.
#[derive(Serialize, ToSchema)]
pub(crate) struct AgentMetrics {
    agent_id: String,
    total_metrics: u64,
    performance: MeasuredPerformance,
    cost: MeasuredCost,
    quality: MeasuredQuality,
}

/// How it worked.
#[derive(Default, Serialize, ToSchema)]
struct MeasuredPerformance {
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_execution_time_ms: Option<f64>,
    /// 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    success_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_tasks_completed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_tasks_failed: Option<u64>,
}

/// What it used.
#[derive(Default, Serialize, ToSchema)]
struct MeasuredCost {
    #[serde(skip_serializing_if = "Option::is_none")]
    total_cost_usd: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_tokens_used: Option<u64>,
}

/// How good it was.
#[derive(Default, Serialize, ToSchema)]
struct MeasuredQuality {
    /// 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_quality_score: Option<f64>,
}

/// Add up everything an agent measured.
#[utoipa::path(get, path = "/api/v1/metrics/agent/{agent_id}/summary", tag = "metrics", security(("bearer" = [])),
    params(("agent_id" = String, Path)), responses(
        (status = 200, body = AgentMetrics), (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument),
    ))]
pub(crate) async fn summary(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    PathId(agent_id): PathId<AgentKind>,
) -> Result<Json<AgentMetrics>, Problem> {
    require(&caller, Permission::Read)?;
    let sum = state.agents.agent_summary(&caller, &agent_id).await?;
    Ok(Json(answer(agent_id.to_string(), &sum)))
}

fn answer(agent_id: String, sum: &MetricSummary) -> AgentMetrics {
    if sum.count == 0 {
        return AgentMetrics {
            agent_id,
            total_metrics: 0,
            performance: MeasuredPerformance::default(),
            cost: MeasuredCost::default(),
            quality: MeasuredQuality::default(),
        };
    }
    AgentMetrics {
        agent_id,
        total_metrics: sum.count,
        performance: MeasuredPerformance {
            avg_execution_time_ms: Some(sum.avg_execution_time_ms.unwrap_or_default()),
            success_rate: Some(sum.success_rate.unwrap_or_default()),
            total_tasks_completed: Some(sum.tasks_completed),
            total_tasks_failed: Some(sum.tasks_failed),
        },
        cost: MeasuredCost {
            total_cost_usd: Some(sum.cost.as_units()),
            total_tokens_used: Some(sum.tokens_used),
        },
        quality: MeasuredQuality {
            avg_quality_score: Some(sum.avg_quality_score.unwrap_or_default()),
        },
    }
}
