//! `GET /api/execution/{execution_id}`: an execution with its intent and its journal.

use axum::Json;
use axum::extract::State;
use civitas_model::Permission;
use civitas_model::id::ExecutionKind;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::status::{ExecutionStatus, answer};
use crate::extract::{Authenticated, Params, PathId, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;
use crate::stream;

/// Entries per page, unless asked otherwise.
const PAGE: u32 = 200;

/// Which part of the journal.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ShowQuery {
    /// Entries after this number.
    #[serde(default)]
    after: u64,
    /// At most this many, up to 1000.
    #[param(maximum = 1000, minimum = 1)]
    limit: Option<u32>,
}

/// An execution with its intent and its journal.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExecutionDetail {
    #[serde(flatten)]
    status: ExecutionStatus,
    /// The session it was submitted in.
    session_id: String,
    /// The solution it belongs to.
    solution_id: String,
    /// Who submitted it, when known.
    user_id: Option<String>,
    /// The execution that started it, when it is a child.
    parent_id: Option<String>,
    /// The parameters as submitted.
    parameters: Value,
    /// The labels as submitted.
    metadata: Value,
    /// The journal: what happened, in order.
    journal: Vec<Value>,
    /// The number to ask `after` for the next page; absent on the last.
    next_after: Option<u64>,
}

/// Show an execution with its intent and a page of its journal.
#[utoipa::path(get, path = "/api/execution/{execution_id}", tag = "executions",
    security(("bearer" = [])), params(("execution_id" = String, Path), ShowQuery),
    responses(
        (status = 200, body = ExecutionDetail), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 422, body = ProblemDocument),
    ))]
pub(crate) async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    PathId(execution_id): PathId<ExecutionKind>,
    Params(query): Params<ShowQuery>,
) -> Result<Json<ExecutionDetail>, Problem> {
    require(&caller, Permission::Read)?;
    let found = state.runtime.find(&caller.tenant_id, &execution_id).await?;
    let execution = found.ok_or_else(|| Problem::not_found("execution"))?;
    let limit = query.limit.unwrap_or(PAGE);
    let entries = state
        .store
        .executions()
        .journal(&caller.tenant_id, &execution_id, query.after, limit)
        .await?;
    let next_after = entries
        .last()
        .map(|entry| entry.seq)
        .filter(|seq| *seq < execution.last_seq);
    let intent = execution.intent.clone();
    let journal = entries
        .iter()
        .map(|entry| {
            let mut shown = stream::message(&execution_id, &intent.intent_id, entry);
            shown["kind"] = json!(entry.kind);
            shown
        })
        .collect();
    Ok(Json(ExecutionDetail {
        session_id: intent.session_id.to_string(),
        solution_id: intent.solution_id.to_string(),
        user_id: intent.user_id.map(|id| id.to_string()),
        parent_id: execution.parent.as_ref().map(ToString::to_string),
        parameters: intent.parameters,
        metadata: intent.metadata,
        journal,
        next_after,
        status: answer(&state, execution),
    }))
}
