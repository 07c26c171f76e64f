//! `GET /api/v1/decisions`: what was decided, newest first.

use axum::Json;
use axum::extract::State;
use civitas_model::{AgentId, Permission, Timestamp};
use civitas_storage::{DecisionCursor, DecisionFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answer::DecisionSummary;
use crate::extract::{Authenticated, Params, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Decisions per page, unless asked otherwise.
const PAGE: u32 = 50;

/// Which decisions.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DecisionsQuery {
    /// Only of this registered agent.
    agent_id: Option<String>,
    /// Only of agents with this name.
    agent_name: Option<String>,
    /// Only of this session.
    session_id: Option<String>,
    /// Only of this tool use.
    tool_use_id: Option<String>,
    /// Only about this tool.
    tool_name: Option<String>,
    /// Only with this outcome: `allow`, `ask`, `deny`, `halt`.
    outcome: Option<String>,
    /// Only by the policies of this fingerprint.
    fingerprint: Option<String>,
    /// Not before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Where the page before ended: its `next_cursor`.
    cursor: Option<String>,
    /// At most this many; 50 when absent.
    #[param(maximum = 200, minimum = 1)]
    limit: Option<u32>,
}

/// A page of decisions, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct DecisionsPage {
    decisions: Vec<DecisionSummary>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// List what was decided, newest first. Decisions are kept for 30 days, unless the server was told otherwise.
#[utoipa::path(get, path = "/api/v1/decisions", tag = "policy", security(("bearer" = [])),
    params(DecisionsQuery), responses(
        (status = 200, body = DecisionsPage), (status = 401, body = ProblemDocument),
    ))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Params(query): Params<DecisionsQuery>,
) -> Result<Json<DecisionsPage>, Problem> {
    require(&caller, Permission::Read)?;
    let limit = query.limit.unwrap_or(PAGE).clamp(1, 200);
    let cursor = query.cursor.as_deref().map(parse).transpose()?;
    // What cannot be an id is no agent's.
    let agent_id = query.agent_id.map(AgentId::new).transpose();
    let Ok(agent_id) = agent_id else {
        return Ok(Json(DecisionsPage {
            decisions: Vec::new(),
            next_cursor: None,
        }));
    };
    let filter = DecisionFilter {
        agent_id,
        agent_name: query.agent_name,
        session_id: query.session_id,
        tool_use_id: query.tool_use_id,
        tool_name: query.tool_name,
        outcome: query.outcome,
        fingerprint: query.fingerprint,
        since: query.since,
        until: query.until,
    };
    let decisions = state.store.decisions();
    // One more shows whether there is another page.
    let mut found = decisions
        .list(&caller.tenant_id, &filter, cursor.as_ref(), limit + 1)
        .await?;
    let limit = limit as usize;
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = found.last().filter(|_| more).map(|last| {
        let DecisionCursor { at, decision_id } = DecisionCursor::of(last);
        format!("{}-{decision_id}", at.as_micros())
    });
    Ok(Json(DecisionsPage {
        decisions: found.into_iter().map(Into::into).collect(),
        next_cursor,
    }))
}

fn parse(cursor: &str) -> Result<DecisionCursor, Problem> {
    let parsed = cursor.split_once('-').and_then(|(at, decision_id)| {
        let is_number = at.bytes().all(|byte| byte.is_ascii_digit());
        let micros = at.parse().ok().filter(|_| is_number)?;
        Some(DecisionCursor {
            at: Timestamp::from_micros(micros),
            decision_id: decision_id.to_owned(),
        })
    });
    let detail = "is not a cursor: send the `next_cursor` of the page before, or leave it out";
    parsed.ok_or_else(|| Problem::invalid("/cursor", detail))
}
