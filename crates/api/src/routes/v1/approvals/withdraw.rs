//! `POST /api/v1/approvals/{approval}/withdraw`: what asked for it ended.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::ApprovalResponse;
use crate::extract::{OptionalBody, PathId, Writer};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Why it is taken back.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WithdrawRequest {
    /// Why.
    #[schema(max_length = 2000)]
    comment: Option<String>,
}

/// Take an approval back that nobody needs any more: nothing will be done. A token may do this, since it only means no.
#[utoipa::path(post, path = "/api/v1/approvals/{approval}/withdraw", tag = "approvals", security(("bearer" = [])),
    params(("approval" = String, Path, description = "Its id, or its code in either case.")),
    request_body = Option<WithdrawRequest>, responses(
        (status = 200, body = ApprovalResponse), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument, description = "It was denied, used, or expired."),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn withdraw(
    State(state): State<AppState>,
    Writer(caller): Writer,
    PathId(approval): PathId<()>,
    OptionalBody(request): OptionalBody<WithdrawRequest>,
) -> Result<Json<ApprovalResponse>, Problem> {
    let (key, reason) = (approval.as_str(), request.comment);
    let withdrawn = state.approvals.withdraw(&caller, key, reason).await?;
    Ok(Json(ApprovalResponse::whole(&state, withdrawn).await?))
}
