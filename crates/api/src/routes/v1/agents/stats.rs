//! `GET /api/v1/agents/stats/summary`: how many agents of each kind there are.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use civitas_model::Permission;
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::{Authenticated, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// How many agents of each kind there are.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct AgentStats {
    total_agents: u64,
    /// By role.
    role_distribution: BTreeMap<String, u64>,
    /// By category.
    category_distribution: BTreeMap<String, u64>,
    specialists: u64,
    generalists: u64,
}

/// Count the agents by role and by category.
#[utoipa::path(get, path = "/api/v1/agents/stats/summary", tag = "agents", security(("bearer" = [])),
    responses((status = 200, body = AgentStats), (status = 401, body = ProblemDocument)))]
pub(crate) async fn summary(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
) -> Result<Json<AgentStats>, Problem> {
    require(&caller, Permission::Read)?;
    let mut summary = AgentStats::default();
    for kind in state.agents.stats(&caller).await? {
        summary.total_agents += kind.count;
        *summary.role_distribution.entry(kind.role).or_default() += kind.count;
        let category = summary.category_distribution.entry(kind.category);
        *category.or_default() += kind.count;
        if kind.specialist {
            summary.specialists += kind.count;
        } else {
            summary.generalists += kind.count;
        }
    }
    Ok(Json(summary))
}
