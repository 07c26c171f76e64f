//! `GET /api/execution/{execution_id}/why`: what an execution is doing or waiting for, in words.

use axum::Json;
use axum::extract::State;
use civitas_model::Permission;
use civitas_model::id::ExecutionKind;
use serde::Serialize;
use utoipa::ToSchema;

use super::status::{ExecutionStatus, answer};
use crate::extract::{Authenticated, PathId, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// What an execution is doing or waiting for.
#[derive(Serialize, ToSchema)]
pub(crate) struct Why {
    /// One sentence.
    summary: String,
    /// What someone can do about it.
    next: String,
    execution: ExecutionStatus,
}

/// Say what an execution is doing or waiting for, and what someone can do about it.
#[utoipa::path(get, path = "/api/execution/{execution_id}/why", tag = "executions",
    security(("bearer" = [])), params(("execution_id" = String, Path)),
    responses(
        (status = 200, body = Why), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
    ))]
pub(crate) async fn why(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    PathId(execution_id): PathId<ExecutionKind>,
) -> Result<Json<Why>, Problem> {
    require(&caller, Permission::Read)?;
    let found = state.runtime.why(&caller.tenant_id, &execution_id).await?;
    let explanation = found.ok_or_else(|| Problem::not_found("execution"))?;
    Ok(Json(Why {
        summary: explanation.summary,
        next: explanation.next,
        execution: answer(&state, explanation.execution),
    }))
}
