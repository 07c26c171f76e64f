//! `GET /api/executions`: a tenant's executions, newest first.

use axum::Json;
use axum::extract::State;
use civitas_model::execution::Status;
use civitas_model::{ExecutionId, Permission, SessionId};
use civitas_storage::execution::ExecutionFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::execution::status::{ExecutionStatus, answer};
use crate::extract::{Authenticated, Params, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Executions per page, unless asked otherwise.
const PAGE: u32 = 50;

/// Which executions.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only with one of these statuses, separated by commas.
    status: Option<String>,
    /// Only of this intent type.
    intent_type: Option<String>,
    /// Only of this session.
    #[param(value_type = Option<String>)]
    session_id: Option<SessionId>,
    /// Where the page before ended: its `next_cursor`.
    cursor: Option<String>,
    /// At most this many, up to 200.
    #[param(maximum = 200, minimum = 1)]
    limit: Option<u32>,
}

/// A page of executions, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExecutionPage {
    executions: Vec<ExecutionStatus>,
    /// The `cursor` of the next page; absent on the last.
    #[schema(value_type = Option<String>)]
    next_cursor: Option<ExecutionId>,
}

/// List executions, newest first. Their artifacts are left out: ask for one by its id.
#[utoipa::path(get, path = "/api/executions", tag = "executions", security(("bearer" = [])),
    params(ListQuery), responses(
        (status = 200, body = ExecutionPage), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 422, body = ProblemDocument),
    ))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Params(query): Params<ListQuery>,
) -> Result<Json<ExecutionPage>, Problem> {
    require(&caller, Permission::Read)?;
    let filter = ExecutionFilter {
        statuses: statuses(query.status.as_deref().unwrap_or_default())?,
        intent_type: query.intent_type,
        session_id: query.session_id,
        before: query.cursor.map(cursor).transpose()?,
    };
    let limit = query.limit.unwrap_or(PAGE);
    let mut found = state
        .store
        .executions()
        .list(&caller.tenant_id, &filter, limit + 1)
        .await?;
    let has_more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let last = found.last().filter(|_| has_more);
    let next_cursor = last.map(|execution| execution.execution_id.clone());
    let executions = found
        .into_iter()
        .map(|mut execution| {
            execution.result = None;
            answer(&state, execution)
        })
        .collect();
    Ok(Json(ExecutionPage {
        executions,
        next_cursor,
    }))
}

/// Executions are named here, never by clients: whatever is no such name was not answered as a cursor.
fn cursor(text: String) -> Result<ExecutionId, Problem> {
    let is_name = Uuid::try_parse(&text).is_ok_and(|id| id.to_string() == text);
    if is_name {
        return Ok(ExecutionId::trusted(text));
    }
    let detail = "is not a cursor: send the `next_cursor` of the page before, or leave it out";
    Err(Problem::invalid("/cursor", detail))
}

fn statuses(text: &str) -> Result<Vec<Status>, Problem> {
    text.split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| {
            Status::parse(name).ok_or_else(|| {
                let known = Status::ALL.map(Status::as_str).join(", ");
                Problem::invalid("/status", format!("must be among {known}"))
            })
        })
        .collect()
}
