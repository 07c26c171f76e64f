//! `PUT /api/v1/agents/{agent_id}`: change an agent.

use axum::Json;
use axum::extract::State;
use civitas_governance::AgentPatch;
use civitas_model::agent::Role;
use civitas_model::id::AgentKind;
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::AgentResponse;
use crate::extract::{Admin, Body, PathId};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// What to change; what is not sent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgentUpdate {
    #[schema(value_type = Option<String>)]
    role: Option<Role>,
    capabilities: Option<Vec<String>>,
    rbac_allowed_tools: Option<Vec<String>>,
    rbac_denied_tools: Option<Vec<String>>,
    rbac_path_scopes: Option<Vec<String>>,
    rbac_api_access: Option<Vec<String>>,
    rbac_requires_approval: Option<bool>,
    #[schema(minimum = 0)]
    rbac_approval_threshold: Option<f64>,
    #[schema(minimum = 1)]
    budget_max_tokens_per_session: Option<i64>,
    budget_max_cost_per_day: Option<f64>,
    metadata_category: Option<String>,
    metadata_tags: Option<Vec<String>>,
    /// Who answers for it.
    owner: Option<String>,
}

/// Change an agent. Needs an administrator.
#[utoipa::path(put, path = "/api/v1/agents/{agent_id}", tag = "agents", security(("bearer" = [])),
    params(("agent_id" = String, Path)), request_body = AgentUpdate, responses(
        (status = 200, body = AgentResponse), (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument, description = "It changed in the meantime."),
    ))]
pub(crate) async fn update(
    State(state): State<AppState>,
    Admin(caller): Admin,
    PathId(agent_id): PathId<AgentKind>,
    Body(body): Body<AgentUpdate>,
) -> Result<Json<AgentResponse>, Problem> {
    let patch = AgentPatch {
        role: body.role,
        capabilities: body.capabilities,
        allowed_tools: body.rbac_allowed_tools,
        denied_tools: body.rbac_denied_tools,
        path_scopes: body.rbac_path_scopes,
        api_access: body.rbac_api_access,
        requires_approval: body.rbac_requires_approval,
        approval_threshold: body.rbac_approval_threshold,
        max_tokens_per_session: body.budget_max_tokens_per_session,
        max_cost_per_day: body.budget_max_cost_per_day,
        category: body.metadata_category,
        tags: body.metadata_tags,
        owner: body.owner,
    };
    let agent = state.agents.update(&caller, &agent_id, patch).await?;
    Ok(Json(agent.into()))
}
