//! `GET /api/v1/agents/sessions/{session_id}/events`: what a session's hooks told, as it came.

use axum::Json;
use axum::extract::{Path, State};
use civitas_model::{Permission, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::show::require_session;
use crate::extract::{Authenticated, Params, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Events per page, unless asked otherwise.
const PAGE: u32 = 100;
/// Events per page, at most.
const PAGE_MAX: u32 = 500;

/// Which events.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventQuery {
    /// Where the page before ended: its `next_cursor`.
    cursor: Option<String>,
    /// At most this many; 100 when absent.
    #[param(maximum = 500, minimum = 1)]
    limit: Option<u32>,
}

/// An event as it came, without what was said and what files hold.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionEvent {
    /// Its name.
    name: String,
    /// The tool use it is about.
    tool_use_id: Option<String>,
    /// What the client sent. Of prompts, answers and contents of files only how long they were.
    #[schema(value_type = Object)]
    event: Value,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// A page of events, in the order in which they came.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventPage {
    events: Vec<SessionEvent>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// List what a session's hooks told, in the order in which it came. Events are kept for a week.
#[utoipa::path(get, path = "/api/v1/agents/sessions/{session_id}/events", tag = "agents", security(("bearer" = [])),
    params(("session_id" = String, Path), EventQuery), responses(
        (status = 200, body = EventPage), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 422, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Path(session_id): Path<String>,
    Params(query): Params<EventQuery>,
) -> Result<Json<EventPage>, Problem> {
    require(&caller, Permission::Read)?;
    let limit = query.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let cursor = query.cursor.as_deref().unwrap_or("0-");
    let (at, key) = cursor
        .split_once('-')
        .and_then(|(at, key)| Some((Timestamp::from_micros(at.parse().ok()?), key)))
        .ok_or_else(|| Problem::invalid("/cursor", "must be the `next_cursor` of a page"))?;
    let tenant = &caller.tenant_id;
    require_session(&state, tenant, &session_id).await?;
    let mut found = state
        .store
        .hook_events(tenant, &session_id, (at, key), limit + 1)
        .await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let last = found.last().filter(|_| more);
    let next_cursor =
        last.map(|last| format!("{}-{}", last.created_at.as_micros(), last.event_key));
    let events = found.into_iter().map(|event| SessionEvent {
        name: event.name,
        tool_use_id: event.tool_use_id,
        event: serde_json::from_str(&event.raw).unwrap_or_default(),
        at: event.created_at,
    });
    Ok(Json(EventPage {
        events: events.collect(),
        next_cursor,
    }))
}
