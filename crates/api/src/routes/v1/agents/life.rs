//! `POST /api/v1/agents/{agent_id}/activate`, `suspend` and `retire`: an agent's life.

use axum::Json;
use axum::extract::State;
use civitas_model::Permission;
use civitas_model::agent::Lifecycle;
use civitas_model::id::AgentKind;

use super::answer::AgentResponse;
use crate::extract::{Admin, Authenticated, PathId, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Note that an agent is at work. One that is a draft or suspended is put to work, which needs an administrator.
#[utoipa::path(post, path = "/api/v1/agents/{agent_id}/activate", tag = "agents", security(("bearer" = [])),
    params(("agent_id" = String, Path)), responses(
        (status = 200, body = AgentResponse), (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument, description = "It is retired."),
    ))]
pub(crate) async fn activate(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    PathId(agent_id): PathId<AgentKind>,
) -> Result<Json<AgentResponse>, Problem> {
    require(&caller, Permission::Write)?;
    let agent = state.agents.activate(&caller, &agent_id).await?;
    Ok(Json(agent.into()))
}

/// Set an agent aside for now. Needs an administrator.
#[utoipa::path(post, path = "/api/v1/agents/{agent_id}/suspend", tag = "agents", security(("bearer" = [])),
    params(("agent_id" = String, Path)), responses(
        (status = 200, body = AgentResponse), (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument, description = "It is retired."),
    ))]
pub(crate) async fn suspend(
    State(state): State<AppState>,
    Admin(caller): Admin,
    PathId(agent_id): PathId<AgentKind>,
) -> Result<Json<AgentResponse>, Problem> {
    let to = Lifecycle::Suspended;
    let agent = state.agents.set_lifecycle(&caller, &agent_id, to).await?;
    Ok(Json(agent.into()))
}

/// Retire an agent for good; it stays in the registry for the record. Needs an administrator.
#[utoipa::path(post, path = "/api/v1/agents/{agent_id}/retire", tag = "agents", security(("bearer" = [])),
    params(("agent_id" = String, Path)), responses(
        (status = 200, body = AgentResponse), (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
    ))]
pub(crate) async fn retire(
    State(state): State<AppState>,
    Admin(caller): Admin,
    PathId(agent_id): PathId<AgentKind>,
) -> Result<Json<AgentResponse>, Problem> {
    let to = Lifecycle::Retired;
    let agent = state.agents.set_lifecycle(&caller, &agent_id, to).await?;
    Ok(Json(agent.into()))
}
