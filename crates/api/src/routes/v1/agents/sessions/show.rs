//! `GET /api/v1/agents/sessions/{session_id}`: one session.

use axum::Json;
use axum::extract::{Path, State};
use civitas_model::{AgentSession, ErrorCode, Permission, TenantId};

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
    let session = require_session(&state, &caller.tenant_id, &session_id).await?;
    Ok(Json(session.into()))
}

/// The session, or that there is none.
pub(super) async fn require_session(
    state: &AppState,
    tenant: &TenantId,
    session_id: &str,
) -> Result<AgentSession, Problem> {
    let sessions = state.store.agent_sessions();
    let found = sessions.find(tenant, session_id).await?;
    found.ok_or_else(|| Problem::new(ErrorCode::NotFound, "there is no such agent session"))
}
