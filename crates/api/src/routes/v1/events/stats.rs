//! `GET /api/v1/events/audit/stats`: how many operations of which kind agents did.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use civitas_model::Permission;
use serde::Serialize;
use utoipa::ToSchema;

use super::list::of_agents;
use crate::extract::{Authenticated, NoParams, Params, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// How many operations of which kind.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventStats {
    total_operations: u64,
    rbac_decisions: BTreeMap<String, u64>,
    operation_types: BTreeMap<String, u64>,
    agent_roles: BTreeMap<String, u64>,
}

/// Count what agents did, by decision, type and role.
#[utoipa::path(get, path = "/api/v1/events/audit/stats", tag = "events",
    security(("bearer" = [])), responses(
        (status = 200, body = EventStats), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn stats(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Params(NoParams {}): Params<NoParams>,
) -> Result<Json<EventStats>, Problem> {
    require(&caller, Permission::Read)?;
    let audit = state.store.audit();
    let mut counts = EventStats {
        total_operations: 0,
        rbac_decisions: BTreeMap::new(),
        operation_types: BTreeMap::new(),
        agent_roles: BTreeMap::new(),
    };
    for kind in audit.stats(&caller.tenant_id, &of_agents()).await? {
        counts.total_operations += kind.total;
        *counts.rbac_decisions.entry(kind.outcome).or_default() += kind.total;
        *counts.operation_types.entry(kind.action).or_default() += kind.total;
        if let Some(role) = kind.actor_role {
            *counts.agent_roles.entry(role).or_default() += kind.total;
        }
    }
    Ok(Json(counts))
}
