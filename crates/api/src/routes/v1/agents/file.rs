//! `GET /api/v1/agents/{agent_id}/file`: an agent as a file.

use axum::Json;
use axum::extract::State;
use civitas_governance::agent_file::fingerprint;
use civitas_model::Permission;
use civitas_model::id::AgentKind;
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::{Authenticated, PathId, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// An agent's file.
#[derive(Serialize, ToSchema)]
pub(crate) struct AgentFile {
    /// Where it was read from, below the folder of the import; `<name>.md` for an agent that came from no file.
    path: String,
    /// What it held, with an `x-civitas:` block that says what the registry knows.
    text: String,
    /// SHA-256 of the text.
    fingerprint: String,
}

/// Write an agent as a file, with everything the file held that it was read from.
#[utoipa::path(get, path = "/api/v1/agents/{agent_id}/file", tag = "agents", security(("bearer" = [])),
    params(("agent_id" = String, Path)), responses(
        (status = 200, body = AgentFile), (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument),
    ))]
pub(crate) async fn file(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    PathId(agent_id): PathId<AgentKind>,
) -> Result<Json<AgentFile>, Problem> {
    require(&caller, Permission::Read)?;
    let (path, text) = state.agents.export(&caller, &agent_id).await?;
    let fingerprint = fingerprint(&text);
    Ok(Json(AgentFile {
        path,
        text,
        fingerprint,
    }))
}
