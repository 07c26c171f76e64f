//! `GET /api/v1/agents`: the agents of the tenant, under three paths that clients know.

use axum::Json;
use axum::extract::State;
use civitas_governance::PAGE_MAX;
use civitas_model::agent::{Lifecycle, Role};
use civitas_model::{Caller, Permission};
use civitas_storage::AgentFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::AgentResponse;
use crate::extract::{Authenticated, Params, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Agents per page, unless asked otherwise.
const PAGE: u32 = 100;

/// Which agents.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AgentQuery {
    /// After this many.
    #[param(minimum = 0)]
    skip: Option<u32>,
    /// At most this many; 100 when absent.
    #[param(maximum = 500, minimum = 1)]
    limit: Option<u32>,
    /// Only in this role.
    #[param(value_type = Option<String>)]
    role: Option<Role>,
    /// Only of this category.
    category: Option<String>,
    /// Only specialists, or only others.
    specialist: Option<bool>,
    /// Only in this state: `draft`, `active`, `suspended`, `retired`.
    #[param(value_type = Option<String>)]
    lifecycle: Option<Lifecycle>,
}

async fn page(
    state: &AppState,
    caller: &Caller,
    query: AgentQuery,
) -> Result<Json<Vec<AgentResponse>>, Problem> {
    require(caller, Permission::Read)?;
    let filter = AgentFilter {
        role: query.role,
        category: query.category,
        specialist: query.specialist,
        lifecycle: query.lifecycle,
    };
    let limit = query.limit.unwrap_or(PAGE).min(PAGE_MAX);
    let offset = query.skip.unwrap_or_default();
    let found = state.agents.list(caller, &filter, limit, offset).await?;
    Ok(Json(found.into_iter().map(AgentResponse::from).collect()))
}

/// List agents, in the order of their names.
#[utoipa::path(get, path = "/api/v1/agents", tag = "agents", security(("bearer" = [])),
    params(AgentQuery), responses(
        (status = 200, body = Vec<AgentResponse>), (status = 401, body = ProblemDocument),
    ))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Params(query): Params<AgentQuery>,
) -> Result<Json<Vec<AgentResponse>>, Problem> {
    page(&state, &caller, query).await
}

/// List agents under another path that clients know.
#[utoipa::path(get, path = "/api/v1/agents/registry", tag = "agents", security(("bearer" = [])),
    params(AgentQuery), responses(
        (status = 200, body = Vec<AgentResponse>), (status = 401, body = ProblemDocument),
    ))]
pub(crate) async fn registry(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Params(query): Params<AgentQuery>,
) -> Result<Json<Vec<AgentResponse>>, Problem> {
    page(&state, &caller, query).await
}

/// List agents under a third path that clients know.
#[utoipa::path(get, path = "/api/v1/registry/agents", tag = "agents", security(("bearer" = [])),
    params(AgentQuery), responses(
        (status = 200, body = Vec<AgentResponse>), (status = 401, body = ProblemDocument),
    ))]
pub(crate) async fn registry_agents(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Params(query): Params<AgentQuery>,
) -> Result<Json<Vec<AgentResponse>>, Problem> {
    page(&state, &caller, query).await
}
