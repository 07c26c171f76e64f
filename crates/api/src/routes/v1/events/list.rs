//! `GET /api/v1/events/audit` and `GET /api/v1/events`: what agents did, newest first.

use axum::Json;
use axum::extract::State;
use civitas_model::{Permission, TenantId};
use civitas_storage::AuditFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{AGENT, AuditLog};
use crate::extract::{Authenticated, Params, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Entries per page of either list, unless asked otherwise.
const AUDIT_PAGE: u32 = 100;
const PAGE: u32 = 50;

/// Which operations.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// After this many.
    #[serde(default)]
    #[param(minimum = 0)]
    skip: u32,
    /// At most this many; 100 when absent.
    #[param(maximum = 1000, minimum = 1)]
    limit: Option<u32>,
    /// Only of this agent.
    agent_id: Option<String>,
    /// Only of this type.
    operation_type: Option<String>,
    /// Only with this decision.
    rbac_decision: Option<String>,
}

/// Which operations, in short.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// At most this many; 50 when absent.
    #[param(maximum = 500, minimum = 1)]
    limit: Option<u32>,
    /// After this many.
    #[serde(default)]
    #[param(minimum = 0)]
    offset: u32,
    /// Only of this agent.
    agent_id: Option<String>,
}

/// List what agents did, newest first. Entries are never changed or deleted.
#[utoipa::path(get, path = "/api/v1/events/audit", tag = "events", security(("bearer" = [])),
    params(AuditQuery), responses(
        (status = 200, body = Vec<AuditLog>), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn audit(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Params(query): Params<AuditQuery>,
) -> Result<Json<Vec<AuditLog>>, Problem> {
    require(&caller, Permission::Read)?;
    let filter = AuditFilter {
        actor_id: query.agent_id,
        action: query.operation_type,
        outcome: query.rbac_decision,
        ..of_agents()
    };
    let limit = query.limit.unwrap_or(AUDIT_PAGE).clamp(1, 1000);
    page(&state, &caller.tenant_id, &filter, limit, query.skip).await
}

/// List what agents did, newest first.
#[utoipa::path(get, path = "/api/v1/events", tag = "events", security(("bearer" = [])),
    params(EventsQuery), responses(
        (status = 200, body = Vec<AuditLog>), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn events(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Params(query): Params<EventsQuery>,
) -> Result<Json<Vec<AuditLog>>, Problem> {
    require(&caller, Permission::Read)?;
    let filter = AuditFilter {
        actor_id: query.agent_id,
        ..of_agents()
    };
    let limit = query.limit.unwrap_or(PAGE).clamp(1, 500);
    page(&state, &caller.tenant_id, &filter, limit, query.offset).await
}

/// Every operation of an agent.
pub(crate) fn of_agents() -> AuditFilter {
    AuditFilter {
        category: Some(AGENT.to_owned()),
        ..AuditFilter::default()
    }
}

async fn page(
    state: &AppState,
    tenant: &TenantId,
    filter: &AuditFilter,
    limit: u32,
    skip: u32,
) -> Result<Json<Vec<AuditLog>>, Problem> {
    let found = state
        .store
        .audit()
        .list(tenant, filter, limit, skip)
        .await?;
    Ok(Json(found.iter().map(AuditLog::of).collect()))
}
