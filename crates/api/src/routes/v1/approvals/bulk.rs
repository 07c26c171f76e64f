//! `POST /api/v1/approvals/decide`: many at once, each on its own.

use axum::Json;
use axum::extract::State;
use civitas_governance::Error;
use civitas_governance::approvals::Decide;
use civitas_model::approval::Verdict;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::extract::{Authenticated, Body};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Approvals that are decided at once, at most.
const IDS_MAX: usize = 100;

/// What to decide of which approvals.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BulkRequest {
    /// Their ids or codes.
    #[schema(min_items = 1, max_items = 100)]
    ids: Vec<String>,
    /// `approve` or `deny`.
    decision: String,
    /// Why, for whoever asked and for the record.
    #[schema(max_length = 2000)]
    comment: Option<String>,
}

/// What became of each, in the order of the ids.
#[derive(Serialize, ToSchema)]
pub(crate) struct BulkResponse {
    results: Vec<BulkResult>,
    /// How many were counted.
    applied: usize,
}

/// What became of one.
#[derive(Serialize, ToSchema)]
struct BulkResult {
    /// As it was sent.
    id: String,
    /// Whether the decision was counted.
    applied: bool,
    /// Its code, when it was counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// Where it stands, when it was counted: with a quorum, it may still be pending.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    /// Why it was not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Decide up to 100 approvals. Each is decided on its own: one that cannot be decided does not hold up the others. For people
/// only: a token's attempt is refused and recorded.
#[utoipa::path(post, path = "/api/v1/approvals/decide", tag = "approvals", security(("bearer" = [])),
    request_body = BulkRequest, responses(
        (status = 200, body = BulkResponse), (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 413, body = ProblemDocument), (status = 415, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn decide(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    request: Result<Body<BulkRequest>, Problem>,
) -> Result<Json<BulkResponse>, Problem> {
    // Who may decide nothing is told so once, for all of them, whatever is asked.
    let asked = request.as_ref().ok().map(|Body(request)| request);
    let tried = asked
        .and_then(|request| request.ids.first())
        .map_or("", String::as_str);
    let action = match asked.map(|request| request.decision.as_str()) {
        Some("approve") => "approve",
        Some("deny") => "deny",
        _ => "decide",
    };
    state.approvals.check_person(&caller, action, tried).await?;
    let Body(request) = request?;
    let verdict = match request.decision.as_str() {
        "approve" => Verdict::Approve,
        "deny" => Verdict::Deny,
        _ => return Err(Problem::invalid("/decision", "must be `approve` or `deny`")),
    };
    if request.ids.is_empty() || request.ids.len() > IDS_MAX {
        return Err(Problem::invalid("/ids", "must name 1 to 100 approvals"));
    }
    let mut results = Vec::with_capacity(request.ids.len());
    for id in request.ids {
        let decide = Decide {
            comment: request.comment.clone(),
            ..Decide::new(verdict)
        };
        let outcome = state.approvals.decide(&caller, &id, decide).await;
        let reason = match &outcome {
            Err(Error::Unavailable(_)) => {
                Some("storage is not available now: try again".to_owned())
            }
            outcome => outcome.as_ref().err().map(ToString::to_string),
        };
        let decided = outcome.ok();
        let now = state.clock.now();
        results.push(BulkResult {
            id,
            applied: decided.is_some(),
            code: decided.as_ref().map(civitas_model::Approval::code),
            state: decided.map(|decided| decided.state_at(now).as_str()),
            reason,
        });
    }
    let applied = results.iter().filter(|result| result.applied).count();
    Ok(Json(BulkResponse { results, applied }))
}
