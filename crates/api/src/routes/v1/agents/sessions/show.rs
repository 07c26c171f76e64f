//! `GET /api/v1/agents/sessions/{session_id}`: one session.

use axum::Json;
use axum::extract::{Path, State};
use civitas_model::{ErrorCode, Permission};

use super::answer::AgentSessionResponse;
use crate::extract::{Authenticated, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Show a session of an agent's client.
#[utoipa::path(get, path = "/api/v1/agents/sessions/{session_id}", tag = "agents", security(("bearer" = [])),
    params(("session_id" = String, Path)), responses(
        (status = 200, body = AgentSessionResponse), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Path(session_id): Path<String>,
) -> Result<Json<AgentSessionResponse>, Problem> {
    require(&caller, Permission::Read)?;
    let sessions = state.store.agent_sessions();
    let found = sessions.find(&caller.tenant_id, &session_id).await?;
    let missing = || Problem::new(ErrorCode::NotFound, "there is no such agent session");
    Ok(Json(found.ok_or_else(missing)?.into()))
}
