//! `GET /api/v1/telemetry/summary`: what requests to models add up to.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use civitas_model::telemetry::TokenCounts;
use civitas_model::{AgentId, Permission, Timestamp};
use civitas_storage::{RequestFilter, TelemetrySum};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answer::{NamedSum, Sum};
use crate::extract::{Authenticated, Params, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// The period, unless asked otherwise, in days.
const DAYS: u32 = 7;

/// Which requests.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SummaryQuery {
    /// Of the last so many days; 7 when absent.
    #[param(maximum = 366, minimum = 1)]
    days: Option<u32>,
    /// Only charged to this agent.
    #[param(value_type = Option<String>)]
    agent_id: Option<AgentId>,
}

/// The sum of a day.
#[derive(Serialize, ToSchema)]
pub(crate) struct DaySum {
    /// Its midnight, UTC.
    #[schema(value_type = String, format = DateTime)]
    day: Timestamp,
    #[serde(flatten)]
    sum: Sum,
}

/// What requests add up to.
#[derive(Serialize, ToSchema)]
pub(crate) struct TelemetrySummary {
    period_days: u32,
    total: Sum,
    by_model: Vec<NamedSum>,
    /// By the name that clients say; empty for those without one.
    by_agent: Vec<NamedSum>,
    /// Newest first.
    by_day: Vec<DaySum>,
}

/// Add up what agents asked of models: tokens and cost by model, agent and day.
#[utoipa::path(get, path = "/api/v1/telemetry/summary", tag = "telemetry", security(("bearer" = [])),
    params(SummaryQuery), responses(
        (status = 200, body = TelemetrySummary), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Params(query): Params<SummaryQuery>,
) -> Result<Json<TelemetrySummary>, Problem> {
    require(&caller, Permission::Read)?;
    let days = query.days.unwrap_or(DAYS).clamp(1, 366);
    let period = Duration::from_secs(u64::from(days) * 24 * 60 * 60);
    let filter = RequestFilter {
        agent_id: query.agent_id,
        since: Some(state.clock.now().minus(period)),
        ..RequestFilter::default()
    };
    let (tenant, telemetry) = (&caller.tenant_id, state.store.telemetry());
    let by_model = telemetry.by_model(tenant, &filter).await?;
    let by_agent = telemetry.by_agent(tenant, &filter).await?;
    let by_day = telemetry.by_day(tenant, &filter).await?;
    let mut total = TelemetrySum {
        tokens: TokenCounts::default(),
        ..TelemetrySum::default()
    };
    for (_, sum) in &by_day {
        total.requests += sum.requests;
        total.unpriced += sum.unpriced;
        total.tokens = total.tokens.plus(sum.tokens);
        total.cost = total.cost.plus(sum.cost);
        total.duration_ms = total.duration_ms.saturating_add(sum.duration_ms);
    }
    let by_day = by_day.into_iter().map(|(day, sum)| DaySum {
        day,
        sum: sum.into(),
    });
    Ok(Json(TelemetrySummary {
        period_days: days,
        total: total.into(),
        by_model: by_model.into_iter().map(Into::into).collect(),
        by_agent: by_agent.into_iter().map(Into::into).collect(),
        by_day: by_day.collect(),
    }))
}
