//! `/api/v1/agents/unregistered`: agents at work that nobody registered, and taking them on.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use civitas_model::agent::Role;
use civitas_model::{Permission, Timestamp, UnregisteredAgent};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answer::AgentResponse;
use crate::extract::{Admin, Authenticated, Body, Params, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Names per page, unless asked otherwise.
const PAGE: u32 = 100;
/// Names per page, at most.
const PAGE_MAX: u32 = 500;

/// Which names.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UnregisteredQuery {
    /// Only names after this one: the last of the page before.
    after: Option<String>,
    /// At most this many; 100 when absent.
    #[param(maximum = 500, minimum = 1)]
    limit: Option<u32>,
}

/// A name at work that nobody registered.
#[derive(Serialize, ToSchema)]
pub(crate) struct UnregisteredResponse {
    /// The name, as the client says it.
    name: String,
    /// The session it was last seen in.
    session_id: String,
    sightings: u64,
    #[schema(value_type = String, format = DateTime)]
    first_seen_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_seen_at: Timestamp,
}

impl From<UnregisteredAgent> for UnregisteredResponse {
    fn from(agent: UnregisteredAgent) -> Self {
        Self {
            name: agent.name,
            session_id: agent.session_id,
            sightings: agent.sightings,
            first_seen_at: agent.first_seen_at,
            last_seen_at: agent.last_seen_at,
        }
    }
}

/// List names at work that nobody registered, in their order. Sessions without a name are among
/// `/api/v1/agents/sessions?unregistered=true`.
#[utoipa::path(get, path = "/api/v1/agents/unregistered", tag = "agents", security(("bearer" = [])),
    params(UnregisteredQuery), responses(
        (status = 200, body = Vec<UnregisteredResponse>), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Params(query): Params<UnregisteredQuery>,
) -> Result<Json<Vec<UnregisteredResponse>>, Problem> {
    require(&caller, Permission::Read)?;
    let limit = query.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let after = query.after.unwrap_or_default();
    let sessions = state.store.agent_sessions();
    let found = sessions
        .unregistered(&caller.tenant_id, &after, limit)
        .await?;
    Ok(Json(
        found.into_iter().map(UnregisteredResponse::from).collect(),
    ))
}

/// Whom to take on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Adoption {
    /// The name, as it was seen. An agent of this name that is registered already is used.
    name: String,
    /// What it is for; chosen by its name when absent.
    #[schema(value_type = Option<String>)]
    role: Option<Role>,
    /// A session that runs as this agent from now on.
    session_id: Option<String>,
}

/// Take an agent on that was seen at work: it is registered with what its role allows, and a session that is named runs as it
/// from now on. Needs an administrator.
#[utoipa::path(post, path = "/api/v1/agents/unregistered/adopt", tag = "agents", security(("bearer" = [])),
    request_body = Adoption, responses(
        (status = 201, body = AgentResponse), (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument, description = "There is no such session."),
        (status = 409, body = ProblemDocument), (status = 413, body = ProblemDocument),
        (status = 415, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn adopt(
    State(state): State<AppState>,
    Admin(caller): Admin,
    Body(adoption): Body<Adoption>,
) -> Result<(StatusCode, Json<AgentResponse>), Problem> {
    let session = adoption.session_id.as_deref();
    let agent = state
        .agents
        .adopt(&caller, &adoption.name, adoption.role, session)
        .await?;
    Ok((StatusCode::CREATED, Json(agent.into())))
}
