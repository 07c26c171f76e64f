//! `POST /api/execution/{execution_id}/cancel`, `/pause`, `/resume`, `/retry`: steering an execution.

use axum::Json;
use axum::extract::State;
use civitas_model::id::ExecutionKind;
use civitas_model::{Caller, ExecutionId, Permission};

use super::status::{ExecutionStatus, answer};
use crate::extract::{Authenticated, PathId, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Stop an execution, and everything it started, for good.
#[utoipa::path(post, path = "/api/execution/{execution_id}/cancel", tag = "executions",
    security(("bearer" = [])), params(("execution_id" = String, Path)),
    responses(
        (status = 200, body = ExecutionStatus), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument, description = "It has ended already."),
    ))]
pub(crate) async fn cancel(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    PathId(execution_id): PathId<ExecutionKind>,
) -> Result<Json<ExecutionStatus>, Problem> {
    require(&caller, Permission::Write)?;
    state.runtime.cancel(&caller, &execution_id).await?;
    now(&state, &caller, &execution_id).await
}

/// Park an execution until it is resumed.
#[utoipa::path(post, path = "/api/execution/{execution_id}/pause", tag = "executions",
    security(("bearer" = [])), params(("execution_id" = String, Path)),
    responses(
        (status = 200, body = ExecutionStatus), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument, description = "It has ended already."),
    ))]
pub(crate) async fn pause(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    PathId(execution_id): PathId<ExecutionKind>,
) -> Result<Json<ExecutionStatus>, Problem> {
    require(&caller, Permission::Write)?;
    state.runtime.pause(&caller, &execution_id).await?;
    now(&state, &caller, &execution_id).await
}

/// Let a waiting execution go on now.
#[utoipa::path(post, path = "/api/execution/{execution_id}/resume", tag = "executions",
    security(("bearer" = [])), params(("execution_id" = String, Path)),
    responses(
        (status = 200, body = ExecutionStatus), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument, description = "It does not wait."),
    ))]
pub(crate) async fn resume(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    PathId(execution_id): PathId<ExecutionKind>,
) -> Result<Json<ExecutionStatus>, Problem> {
    require(&caller, Permission::Write)?;
    state.runtime.resume(&caller, &execution_id).await?;
    now(&state, &caller, &execution_id).await
}

/// Run a failed or cancelled execution again, from what its journal holds: steps that were done are not done again.
#[utoipa::path(post, path = "/api/execution/{execution_id}/retry", tag = "executions",
    security(("bearer" = [])), params(("execution_id" = String, Path)),
    responses(
        (status = 200, body = ExecutionStatus), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument, description = "It has neither failed nor been cancelled."),
    ))]
pub(crate) async fn retry(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    PathId(execution_id): PathId<ExecutionKind>,
) -> Result<Json<ExecutionStatus>, Problem> {
    require(&caller, Permission::Write)?;
    state.runtime.retry(&caller, &execution_id).await?;
    now(&state, &caller, &execution_id).await
}

async fn now(
    state: &AppState,
    caller: &Caller,
    execution: &ExecutionId,
) -> Result<Json<ExecutionStatus>, Problem> {
    let found = state.runtime.find(&caller.tenant_id, execution).await?;
    let execution = found.ok_or_else(|| Problem::not_found("execution"))?;
    Ok(Json(answer(state, execution)))
}
