//! `POST /api/v1/approvals/{approval}/approve` and `deny`: what a person decides.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use civitas_governance::approvals::{Always, Decide};
use civitas_model::approval::{AllowanceScope, Verdict};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::answer::ApprovalResponse;
use crate::extract::{Authenticated, OptionalBody, PathId};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// An approval. Everything may be left out.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApproveRequest {
    /// What to do instead of what was asked for. It makes another request, with a digest of its own.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Object>)]
    input: Option<Value>,
    /// That it need not be asked again for a while.
    always: Option<AlwaysRequest>,
    /// Why, for whoever asked and for the record.
    #[schema(max_length = 2000)]
    comment: Option<String>,
    /// The `request_hash` that you looked at: when it is another by now, nothing is decided.
    request_hash: Option<String>,
}

/// What need not be asked again for a while.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlwaysRequest {
    /// `request`: exactly this; `tool`: whatever this agent does with this tool.
    scope: String,
    /// For how many seconds, up to 30 days.
    #[schema(minimum = 1, maximum = 2_592_000)]
    expires_in: u64,
}

/// A refusal. Everything may be left out.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DenyRequest {
    /// Why, for whoever asked and for the record.
    #[schema(max_length = 2000)]
    comment: Option<String>,
    /// The `request_hash` that you looked at: when it is another by now, nothing is decided.
    request_hash: Option<String>,
}

/// An input of null is an input, too.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Approve something that waits for people. Who asked goes on at once; with a quorum, when enough people agreed. For people
/// only: a token's attempt is refused and recorded.
#[utoipa::path(post, path = "/api/v1/approvals/{approval}/approve", tag = "approvals", security(("bearer" = [])),
    params(("approval" = String, Path, description = "Its id, or its code in either case.")),
    request_body = Option<ApproveRequest>, responses(
        (status = 200, body = ApprovalResponse), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument, description = "You are no person who may decide it."),
        (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument, description = "It was decided, it expired, or it is another request by now."),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn approve(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    PathId(approval): PathId<()>,
    request: Result<OptionalBody<ApproveRequest>, Problem>,
) -> Result<Json<ApprovalResponse>, Problem> {
    let (action, key) = (Verdict::Approve.as_str(), approval.as_str());
    state.approvals.check_person(&caller, action, key).await?;
    let OptionalBody(request) = request?;
    let decide = Decide {
        comment: request.comment,
        request_hash: request.request_hash,
        input: request.input,
        always: request.always.as_ref().map(always).transpose()?,
        ..Decide::new(Verdict::Approve)
    };
    let approvals = &state.approvals;
    let decided = approvals.decide(&caller, approval.as_str(), decide).await?;
    Ok(Json(ApprovalResponse::whole(&state, decided).await?))
}

/// Deny something that waits for people. One no is enough. For people only: a token's attempt is refused and recorded.
#[utoipa::path(post, path = "/api/v1/approvals/{approval}/deny", tag = "approvals", security(("bearer" = [])),
    params(("approval" = String, Path, description = "Its id, or its code in either case.")),
    request_body = Option<DenyRequest>, responses(
        (status = 200, body = ApprovalResponse), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument, description = "You are no person who may decide it."),
        (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument, description = "It was decided, it expired, or it is another request by now."),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn deny(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    PathId(approval): PathId<()>,
    request: Result<OptionalBody<DenyRequest>, Problem>,
) -> Result<Json<ApprovalResponse>, Problem> {
    let (action, key) = (Verdict::Deny.as_str(), approval.as_str());
    state.approvals.check_person(&caller, action, key).await?;
    let OptionalBody(request) = request?;
    let decide = Decide {
        comment: request.comment,
        request_hash: request.request_hash,
        ..Decide::new(Verdict::Deny)
    };
    let approvals = &state.approvals;
    let decided = approvals.decide(&caller, approval.as_str(), decide).await?;
    Ok(Json(ApprovalResponse::whole(&state, decided).await?))
}

fn always(request: &AlwaysRequest) -> Result<Always, Problem> {
    let scope = AllowanceScope::parse(&request.scope)
        .ok_or_else(|| Problem::invalid("/always/scope", "must be `request` or `tool`"))?;
    Ok(Always {
        scope,
        expires_in: Duration::from_secs(request.expires_in),
    })
}
