//! `GET /api/v1/approvals`: the inbox, newest first.

use axum::Json;
use axum::extract::State;
use civitas_governance::approvals::PAGE_MAX;
use civitas_model::approval::ApprovalState;
use civitas_model::{Id, Permission};
use civitas_storage::ApprovalFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answer::ApprovalResponse;
use crate::extract::{Authenticated, Params, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Approvals per page, unless asked otherwise.
const PAGE: u32 = 50;

/// Which approvals.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only in this state: `pending`, `approved`, `denied`, `expired`, `withdrawn` or `used`.
    state: Option<String>,
    /// Only of this agent.
    agent_id: Option<String>,
    /// Only of this session.
    session_id: Option<String>,
    /// Only of this execution.
    execution_id: Option<String>,
    /// Where the page before ended: its `next_cursor`.
    #[param(minimum = 1)]
    cursor: Option<u64>,
    /// At most this many; 50 when absent.
    #[param(maximum = 200, minimum = 1)]
    limit: Option<u32>,
}

/// A page of approvals, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApprovalPage {
    approvals: Vec<ApprovalResponse>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<u64>,
}

/// List approvals, newest first: what waits for people, who asks for what and why, and what was decided.
#[utoipa::path(get, path = "/api/v1/approvals", tag = "approvals", security(("bearer" = [])),
    params(ListQuery), responses(
        (status = 200, body = ApprovalPage), (status = 401, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Params(query): Params<ListQuery>,
) -> Result<Json<ApprovalPage>, Problem> {
    require(&caller, Permission::Read)?;
    let filter = ApprovalFilter {
        state: query.state.as_deref().map(known_state).transpose()?,
        now: state.clock.now(),
        agent_id: query.agent_id.map(Id::trusted),
        session_id: query.session_id,
        execution_id: query.execution_id.map(Id::trusted),
        before: query.cursor,
    };
    let limit = query.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    // One more shows whether there is another page.
    let mut found = state.approvals.list(&caller, &filter, limit + 1).await?;
    let limit = limit as usize;
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().map(|approval| approval.number);
    let mut approvals = Vec::with_capacity(found.len());
    for approval in found {
        approvals.push(ApprovalResponse::listed(&state, approval).await?);
    }
    Ok(Json(ApprovalPage {
        approvals,
        next_cursor: last.filter(|_| more),
    }))
}

fn known_state(name: &str) -> Result<ApprovalState, Problem> {
    ApprovalState::parse(name).ok_or_else(|| {
        let names: Vec<&str> = ApprovalState::ALL.map(ApprovalState::as_str).to_vec();
        Problem::invalid("/state", format!("must be one of {}", names.join(", ")))
    })
}
