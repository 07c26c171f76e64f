//! `DELETE /api/v1/allowances/{allowance_id}`: ask again from now on.

use axum::extract::State;
use axum::http::StatusCode;

use crate::extract::{Authenticated, PathId};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Take an allowance back: what it covered is asked again from now on. For people only.
#[utoipa::path(delete, path = "/api/v1/allowances/{allowance_id}", tag = "approvals", security(("bearer" = [])),
    params(("allowance_id" = String, Path)), responses(
        (status = 204, description = "It is done."), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn revoke(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    PathId(allowance_id): PathId<()>,
) -> Result<StatusCode, Problem> {
    let id = allowance_id.as_str();
    state.approvals.revoke(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
