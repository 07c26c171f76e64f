//! `POST /api/v1/budget/deduct`: charge what an agent has spent.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use civitas_governance::{Deduction, Paid};
use civitas_model::Agent;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::extract::{Body, Reporter};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Something an agent has spent. Fields that are not listed are not read.
#[derive(Deserialize, ToSchema)]
pub(crate) struct DeductRequest {
    /// The agent, by id or name.
    agent_id: String,
    /// Its id, if it has one: the same again changes nothing, and something else under the same id is refused.
    /// Reservations have ids of their own.
    id: Option<String>,
    /// The session it was spent in; its budget pays, too.
    session_id: Option<String>,
    /// The tool it was spent on.
    tool_name: Option<String>,
    #[schema(minimum = 0)]
    tokens_used: Option<i64>,
    #[schema(minimum = 0)]
    cost_usd: Option<f64>,
}

/// What an agent has used today.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeductResponse {
    agent_id: String,
    agent_name: String,
    tokens_used_today: u64,
    cost_used_today: f64,
    max_cost_per_day: f64,
    /// Whether nothing of the day's money is left.
    exceeded: bool,
}

impl From<Agent> for DeductResponse {
    fn from(agent: Agent) -> Self {
        let budget = agent.budget;
        Self {
            agent_id: agent.agent_id.to_string(),
            agent_name: agent.name,
            tokens_used_today: budget.tokens_used_today,
            cost_used_today: budget.cost_used_today.as_units(),
            max_cost_per_day: budget.max_cost_per_day.as_units(),
            exceeded: budget.cost_used_today >= budget.max_cost_per_day,
        }
    }
}

/// Charge what an agent has spent to every budget that pays for it, whether there is room or not.
#[utoipa::path(post, path = "/api/v1/budget/deduct", tag = "budgets", security(("bearer" = [])),
    request_body = DeductRequest, responses(
        (status = 201, body = DeductResponse), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument, description = "There is no such agent."),
        (status = 409, body = ProblemDocument, description = "Something else was deducted with this id."),
        (status = 422, body = ProblemDocument),
    ))]
pub(crate) async fn deduct(
    State(state): State<AppState>,
    Reporter(caller): Reporter,
    Body(body): Body<DeductRequest>,
) -> Result<(StatusCode, Json<DeductResponse>), Problem> {
    let deduction = Deduction {
        id: body.id,
        agent: body.agent_id,
        session_id: body.session_id,
        tool_name: body.tool_name,
        amount: Paid {
            tokens: body.tokens_used,
            cost: body.cost_usd,
        },
    };
    let agent = state.budgets.deduct(&caller, deduction).await?;
    Ok((StatusCode::CREATED, Json(agent.into())))
}
