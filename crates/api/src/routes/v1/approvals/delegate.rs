//! `POST /api/v1/approvals/{approval}/delegate`: let someone else decide, too.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::ApprovalResponse;
use crate::extract::{Authenticated, Body, PathId};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Who else is to decide.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DelegateRequest {
    /// A member of the tenant by id or e-mail address, or a role: `operator` or `admin`.
    to: String,
    /// Why.
    #[schema(max_length = 2000)]
    comment: Option<String>,
}

/// Let someone else decide an approval, too: a person, or a role. For people only who may decide it themselves.
#[utoipa::path(post, path = "/api/v1/approvals/{approval}/delegate", tag = "approvals", security(("bearer" = [])),
    params(("approval" = String, Path, description = "Its id, or its code in either case.")),
    request_body = DelegateRequest, responses(
        (status = 200, body = ApprovalResponse), (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 413, body = ProblemDocument), (status = 415, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn delegate(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    PathId(approval): PathId<()>,
    request: Result<Body<DelegateRequest>, Problem>,
) -> Result<Json<ApprovalResponse>, Problem> {
    let (key, approvals) = (approval.as_str(), &state.approvals);
    approvals.check_person(&caller, "delegate", key).await?;
    let Body(request) = request?;
    let to = &request.to;
    let delegated = approvals
        .delegate(&caller, key, to, request.comment)
        .await?;
    Ok(Json(ApprovalResponse::whole(&state, delegated).await?))
}
