//! `GET /api/v1/approvals/{approval}`: one approval.

use axum::Json;
use axum::extract::State;
use civitas_model::Permission;

use super::answer::ApprovalResponse;
use crate::extract::{Authenticated, PathId, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Show an approval, with its input whole.
#[utoipa::path(get, path = "/api/v1/approvals/{approval}", tag = "approvals", security(("bearer" = [])),
    params(("approval" = String, Path, description = "Its id, or its code in either case.")), responses(
        (status = 200, body = ApprovalResponse), (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    PathId(approval): PathId<()>,
) -> Result<Json<ApprovalResponse>, Problem> {
    require(&caller, Permission::Read)?;
    let found = state.approvals.find(&caller, approval.as_str()).await?;
    Ok(Json(ApprovalResponse::whole(&state, found).await?))
}
