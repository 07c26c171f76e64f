//! `GET /api/v1/agents/sessions`: the sessions of agents' clients, newest first.

use axum::Json;
use axum::extract::State;
use civitas_model::id::AgentKind;
use civitas_model::{Id, Permission, Timestamp};
use civitas_storage::AgentSessionFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answer::AgentSessionResponse;
use crate::extract::{Authenticated, Params, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Sessions per page, unless asked otherwise.
const PAGE: u32 = 50;
/// Sessions per page, at most.
const PAGE_MAX: u32 = 500;

/// Which sessions.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SessionQuery {
    /// Only of this agent.
    #[param(value_type = Option<String>)]
    agent_id: Option<Id<AgentKind>>,
    /// Only those that run as no registered agent.
    #[serde(default)]
    unregistered: bool,
    /// Only those that have not ended.
    #[serde(default)]
    open: bool,
    /// Where the page before ended: its `next_cursor`.
    cursor: Option<String>,
    /// At most this many; 50 when absent.
    #[param(maximum = 500, minimum = 1)]
    limit: Option<u32>,
}

/// A page of sessions, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionPage {
    sessions: Vec<AgentSessionResponse>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// List the sessions of agents' clients, newest first.
#[utoipa::path(get, path = "/api/v1/agents/sessions", tag = "agents", security(("bearer" = [])),
    params(SessionQuery), responses(
        (status = 200, body = SessionPage), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Params(query): Params<SessionQuery>,
) -> Result<Json<SessionPage>, Problem> {
    require(&caller, Permission::Read)?;
    let limit = query.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let after = query.cursor.as_deref().map(read_cursor).transpose()?;
    let filter = AgentSessionFilter {
        agent_id: query.agent_id,
        is_unregistered: query.unregistered,
        is_open: query.open,
        after,
    };
    let sessions = state.store.agent_sessions();
    // One more shows whether there is another page.
    let mut found = sessions.list(&caller.tenant_id, &filter, limit + 1).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let last = found.last().filter(|_| more);
    let next_cursor =
        last.map(|last| format!("{}-{}", last.first_seen_at.as_micros(), last.session_id));
    Ok(Json(SessionPage {
        next_cursor,
        sessions: found.into_iter().map(AgentSessionResponse::from).collect(),
    }))
}

/// The place of a session in the list: its first sighting and its id.
fn read_cursor(cursor: &str) -> Result<(Timestamp, String), Problem> {
    let place = cursor.split_once('-').and_then(|(at, session)| {
        let at = at.parse().ok()?;
        Some((Timestamp::from_micros(at), session.to_owned()))
    });
    place.ok_or_else(|| Problem::invalid("/cursor", "must be the `next_cursor` of a page"))
}
