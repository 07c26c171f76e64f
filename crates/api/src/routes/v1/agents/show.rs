//! `GET /api/v1/agents/{agent_id}` and `GET /api/v1/agents/name/{agent_name}`: one agent.

use axum::Json;
use axum::extract::{Path, State};
use civitas_model::Permission;
use civitas_model::id::AgentKind;

use super::answer::AgentResponse;
use crate::extract::{Authenticated, PathId, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Show an agent.
#[utoipa::path(get, path = "/api/v1/agents/{agent_id}", tag = "agents", security(("bearer" = [])),
    params(("agent_id" = String, Path)), responses(
        (status = 200, body = AgentResponse), (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument),
    ))]
pub(crate) async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    PathId(agent_id): PathId<AgentKind>,
) -> Result<Json<AgentResponse>, Problem> {
    require(&caller, Permission::Read)?;
    let agent = state.agents.find(&caller, &agent_id).await?;
    Ok(Json(agent.into()))
}

/// Show the agent of a name.
#[utoipa::path(get, path = "/api/v1/agents/name/{agent_name}", tag = "agents", security(("bearer" = [])),
    params(("agent_name" = String, Path)), responses(
        (status = 200, body = AgentResponse), (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument),
    ))]
pub(crate) async fn by_name(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Path(agent_name): Path<String>,
) -> Result<Json<AgentResponse>, Problem> {
    require(&caller, Permission::Read)?;
    let agent = state.agents.find_by_name(&caller, &agent_name).await?;
    Ok(Json(agent.into()))
}
