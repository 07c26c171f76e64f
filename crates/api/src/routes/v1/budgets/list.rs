//! `GET /api/v1/budgets`: budgets with their usage.

use axum::Json;
use axum::extract::State;
use civitas_model::Permission;
use civitas_storage::PoolFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answer::BudgetResponse;
use crate::extract::{Authenticated, Params, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Budgets per page, unless asked otherwise.
const PAGE: u32 = 100;

/// Which budgets.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only of this kind: `organisation`, `team`, `agent`, `session`.
    kind: Option<String>,
    /// Only those with caps.
    limited: Option<bool>,
    /// Where the page before ended: its `next_cursor`.
    cursor: Option<String>,
    /// At most this many; 100 when absent.
    #[param(maximum = 500, minimum = 1)]
    limit: Option<u32>,
}

/// A page of budgets, in the order of their scopes as text.
#[derive(Serialize, ToSchema)]
pub(crate) struct BudgetPage {
    budgets: Vec<BudgetResponse>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// List budgets with what is used and reserved of them, also those that nothing limits.
#[utoipa::path(get, path = "/api/v1/budgets", tag = "budgets", security(("bearer" = [])),
    params(ListQuery), responses(
        (status = 200, body = BudgetPage), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Params(query): Params<ListQuery>,
) -> Result<Json<BudgetPage>, Problem> {
    require(&caller, Permission::Read)?;
    let limit = query.limit.unwrap_or(PAGE).clamp(1, 500);
    let filter = PoolFilter {
        kind: query.kind,
        is_limited: query.limited.unwrap_or(false),
        after: query.cursor,
    };
    // One more shows whether there is another page.
    let mut found = state.budgets.list(&caller, &filter, limit + 1).await?;
    let limit = limit as usize;
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().map(|budget| budget.pool.scope.to_string());
    Ok(Json(BudgetPage {
        next_cursor: last.filter(|_| more),
        budgets: found.into_iter().map(BudgetResponse::from).collect(),
    }))
}
