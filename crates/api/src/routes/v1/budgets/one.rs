//! `GET`, `PUT` and `DELETE /api/v1/budgets/{scope}`: one budget.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use civitas_governance::NewCaps;
use civitas_model::Permission;
use civitas_model::budget::Scope;
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::BudgetResponse;
use crate::extract::{AdminPerson, Authenticated, Body, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// What may be used of a budget from now on, in place of what was set before.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BudgetCaps {
    /// Tokens; not limited when absent. One of the two must be there.
    #[schema(minimum = 0)]
    max_tokens: Option<i64>,
    /// Money; not limited when absent.
    #[schema(minimum = 0)]
    max_cost_usd: Option<f64>,
    /// `day` (from midnight UTC), `rolling` (the last `window_hours`) or `life`. A session's is its life when absent, another's
    /// the day.
    period: Option<String>,
    /// The hours of a rolling window: 1 to 672.
    #[schema(minimum = 1, maximum = 672)]
    window_hours: Option<u32>,
    /// Whether work waits for room, rather than being refused; it does when absent.
    waits: Option<bool>,
}

/// Something that is no scope names nothing.
fn scope(text: &str) -> Result<Scope, Problem> {
    Scope::parse(text).ok_or_else(|| {
        let detail = "there is no such budget: a budget is named organisation, team:NAME, agent:ID or session:ID";
        Problem::new(civitas_model::ErrorCode::NotFound, detail)
    })
}

/// Show a budget, also one from which nothing was paid yet. An agent may be named by its name.
#[utoipa::path(get, path = "/api/v1/budgets/{scope}", tag = "budgets", security(("bearer" = [])),
    params(("scope" = String, Path)), responses(
        (status = 200, body = BudgetResponse), (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument),
    ))]
pub(crate) async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Path(named): Path<String>,
) -> Result<Json<BudgetResponse>, Problem> {
    require(&caller, Permission::Read)?;
    let found = state.budgets.show(&caller, &scope(&named)?).await?;
    Ok(Json(found.into()))
}

/// Say what may be used of a budget. Whatever waited for room goes on when there is some now. Needs a person with the permission
/// `admin`.
#[utoipa::path(put, path = "/api/v1/budgets/{scope}", tag = "budgets", security(("bearer" = [])),
    params(("scope" = String, Path)), request_body = BudgetCaps, responses(
        (status = 200, body = BudgetResponse), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 422, body = ProblemDocument),
    ))]
pub(crate) async fn set(
    State(state): State<AppState>,
    AdminPerson(caller): AdminPerson,
    Path(named): Path<String>,
    Body(caps): Body<BudgetCaps>,
) -> Result<Json<BudgetResponse>, Problem> {
    let new = NewCaps {
        max_tokens: caps.max_tokens,
        max_cost: caps.max_cost_usd,
        period: caps.period,
        window_hours: caps.window_hours,
        waits: caps.waits,
    };
    let set = state.budgets.set(&caller, &scope(&named)?, &new).await?;
    Ok(Json(set.into()))
}

/// Take back what was set of a budget: what the registry says of an agent holds again, otherwise nothing limits it. Needs a
/// person with the permission `admin`.
#[utoipa::path(delete, path = "/api/v1/budgets/{scope}", tag = "budgets", security(("bearer" = [])),
    params(("scope" = String, Path)), responses(
        (status = 204, description = "It is taken back."), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument, description = "Nobody set it."),
    ))]
pub(crate) async fn remove(
    State(state): State<AppState>,
    AdminPerson(caller): AdminPerson,
    Path(named): Path<String>,
) -> Result<StatusCode, Problem> {
    state.budgets.remove(&caller, &scope(&named)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
