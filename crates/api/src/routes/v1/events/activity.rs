//! `GET /api/v1/agent-activity`: what agents did of late, flat.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use civitas_audit::Stored;
use civitas_model::{Permission, Timestamp};
use civitas_storage::AuditFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Facts;
use super::list::of_agents;
use crate::extract::{Authenticated, Params, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Entries per page, and how far back, unless asked otherwise.
const PAGE: u32 = 100;
const HOURS: u64 = 24;

/// Which operations.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ActivityQuery {
    /// At most this many; 100 when absent.
    #[param(maximum = 1000, minimum = 1)]
    limit: Option<u32>,
    /// After this many.
    #[serde(default)]
    #[param(minimum = 0)]
    offset: u32,
    /// Only of this agent.
    agent_id: Option<String>,
    /// Of the last hours; 24 when absent.
    #[param(maximum = 168, minimum = 1)]
    hours: Option<u64>,
}

/// An operation of an agent, flat.
#[derive(Serialize, ToSchema)]
pub(crate) struct Activity {
    activity_id: String,
    agent_id: String,
    agent_name: Option<String>,
    operation_type: String,
    operation_detail: Option<String>,
    rbac_decision: String,
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
    cost_usd: Option<f64>,
    tokens_used: Option<u64>,
}

impl Activity {
    fn of(stored: &Stored) -> Self {
        let (entry, facts) = (&stored.entry, Facts::of(stored));
        Self {
            activity_id: entry.entry_id.clone(),
            agent_id: entry.actor.id.clone(),
            agent_name: facts.agent_name,
            operation_type: entry.action.clone(),
            operation_detail: facts.operation_detail,
            rbac_decision: entry.outcome.clone(),
            timestamp: entry.time,
            cost_usd: facts.cost_usd,
            tokens_used: facts.tokens_used,
        }
    }
}

/// List what agents did of late, newest first.
#[utoipa::path(get, path = "/api/v1/agent-activity", tag = "events", security(("bearer" = [])),
    params(ActivityQuery), responses(
        (status = 200, body = Vec<Activity>), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Params(query): Params<ActivityQuery>,
) -> Result<Json<Vec<Activity>>, Problem> {
    require(&caller, Permission::Read)?;
    let hours = query.hours.unwrap_or(HOURS).clamp(1, 168);
    let filter = AuditFilter {
        actor_id: query.agent_id,
        since: Some(state.clock.now().minus(Duration::from_hours(hours))),
        ..of_agents()
    };
    let limit = query.limit.unwrap_or(PAGE).clamp(1, 1000);
    let audit = state.store.audit();
    let found = audit
        .list(&caller.tenant_id, &filter, limit, query.offset)
        .await?;
    Ok(Json(found.iter().map(Activity::of).collect()))
}
