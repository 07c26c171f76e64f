//! `DELETE /api/v1/agents/{agent_id}`: take an agent out of the registry.

use axum::extract::State;
use axum::http::StatusCode;
use civitas_model::id::AgentKind;

use crate::extract::{Admin, PathId};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Take an agent out of the registry; what it measured stays. Needs an administrator. To keep it for the record, retire it.
#[utoipa::path(delete, path = "/api/v1/agents/{agent_id}", tag = "agents", security(("bearer" = [])),
    params(("agent_id" = String, Path)), responses(
        (status = 204, description = "It is done."), (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument),
    ))]
pub(crate) async fn remove(
    State(state): State<AppState>,
    Admin(caller): Admin,
    PathId(agent_id): PathId<AgentKind>,
) -> Result<StatusCode, Problem> {
    state.agents.delete(&caller, &agent_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
