//! `POST /api/v1/agents`: register an agent.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use civitas_governance::NewAgent;
use civitas_model::agent::Role;
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::AgentResponse;
use crate::extract::{Admin, Body};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// An agent to register.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgentCreate {
    /// Small letters, digits and hyphens; the only one of its kind.
    #[schema(pattern = "^[a-z0-9-]+$", max_length = 128)]
    name: String,
    /// `admin`, `developer`, `reviewer`, `security`, `database`, `frontend`, `backend`, `tester`, `analyst` or
    /// `coordinator`.
    #[schema(value_type = String)]
    role: Role,
    /// How sure the role is.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1)]
    role_confidence: f64,
    /// Why it has this role.
    role_reasoning: Option<String>,
    /// What it can do.
    capabilities: Vec<String>,
    /// Tools it may use; `*` is every one.
    rbac_allowed_tools: Vec<String>,
    /// Tools it may not use, whatever is allowed.
    #[serde(default)]
    rbac_denied_tools: Vec<String>,
    /// Paths it may read and write, as globs.
    rbac_path_scopes: Vec<String>,
    /// Outside services it may call.
    #[serde(default)]
    rbac_api_access: Vec<String>,
    /// Whether people decide what it does.
    #[serde(default)]
    rbac_requires_approval: bool,
    /// From which cost on people decide; 10 when absent.
    rbac_approval_threshold: Option<f64>,
    /// Tokens in one session; what the active policy tables give its role, when absent.
    #[schema(minimum = 1)]
    budget_max_tokens_per_session: Option<i64>,
    /// Money in one day, above 0; what the active policy tables give its role, when absent.
    budget_max_cost_per_day: Option<f64>,
    /// `USD` (when absent), `EUR` or `GBP`.
    budget_currency: Option<String>,
    /// The part of the house it belongs to.
    metadata_category: String,
    /// Whether it does one thing only.
    #[serde(default)]
    metadata_specialist: bool,
    /// The version of its definition; `1.0.0` when absent.
    metadata_version: Option<String>,
    /// Words people put on it.
    #[serde(default)]
    metadata_tags: Vec<String>,
    /// Who answers for it; whoever registers it, when absent.
    owner: Option<String>,
}

/// Register an agent. Needs an administrator.
#[utoipa::path(post, path = "/api/v1/agents", tag = "agents", security(("bearer" = [])),
    request_body = AgentCreate, responses(
        (status = 201, body = AgentResponse), (status = 401, body = ProblemDocument),
        (status = 409, body = ProblemDocument, description = "The name is taken."),
    ))]
pub(crate) async fn create(
    State(state): State<AppState>,
    Admin(caller): Admin,
    Body(body): Body<AgentCreate>,
) -> Result<(StatusCode, Json<AgentResponse>), Problem> {
    let new = NewAgent {
        name: body.name,
        role: body.role,
        role_confidence: body.role_confidence,
        role_reasoning: body.role_reasoning,
        capabilities: body.capabilities,
        allowed_tools: body.rbac_allowed_tools,
        denied_tools: body.rbac_denied_tools,
        path_scopes: body.rbac_path_scopes,
        api_access: body.rbac_api_access,
        requires_approval: body.rbac_requires_approval,
        approval_threshold: body.rbac_approval_threshold,
        max_tokens_per_session: body.budget_max_tokens_per_session,
        max_cost_per_day: body.budget_max_cost_per_day,
        currency: body.budget_currency,
        category: body.metadata_category,
        specialist: body.metadata_specialist,
        version: body.metadata_version,
        tags: body.metadata_tags,
        owner: body.owner,
    };
    let agent = state.agents.create(&caller, new).await?;
    Ok((StatusCode::CREATED, Json(agent.into())))
}
