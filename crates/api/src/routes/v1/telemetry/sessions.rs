//! `GET /api/v1/telemetry/sessions`: the sessions that telemetry speaks of.

use axum::Json;
use axum::extract::State;
use civitas_model::{AgentId, Permission, Timestamp};
use civitas_storage::SessionFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answer::TelemetrySessionAnswer;
use crate::extract::{Authenticated, Params, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Sessions of a page, unless asked otherwise.
const PAGE: u32 = 50;

/// Which sessions.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SessionsQuery {
    /// Only of this registered agent.
    #[param(value_type = Option<String>)]
    agent_id: Option<AgentId>,
    /// Only of the agent with this name.
    agent: Option<String>,
    /// Only of the user with this id or address.
    user: Option<String>,
    /// Only those of which events are missing, or of which none are.
    gaps: Option<bool>,
    /// Only those with an event at this time or later.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Only those whose last event was before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Where the page before ended: its `next_cursor`.
    cursor: Option<String>,
    /// At most this many; 50 when absent.
    #[param(maximum = 500, minimum = 1)]
    limit: Option<u32>,
}

/// A page of sessions, those with the newest events first.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionsPage {
    sessions: Vec<TelemetrySessionAnswer>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// List the sessions that telemetry speaks of, those with the newest events first.
#[utoipa::path(get, path = "/api/v1/telemetry/sessions", tag = "telemetry", security(("bearer" = [])),
    params(SessionsQuery), responses(
        (status = 200, body = SessionsPage), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Params(query): Params<SessionsQuery>,
) -> Result<Json<SessionsPage>, Problem> {
    require(&caller, Permission::Read)?;
    let limit = query.limit.unwrap_or(PAGE).clamp(1, 500);
    let filter = SessionFilter {
        agent_id: query.agent_id,
        agent_name: query.agent,
        user: query.user,
        has_gaps: query.gaps,
        since: query.since,
        until: query.until,
        after: query.cursor.as_deref().map(read_cursor).transpose()?,
    };
    let telemetry = state.store.telemetry();
    // One more shows whether there is another page.
    let mut found = telemetry
        .sessions(&caller.tenant_id, &filter, limit + 1)
        .await?;
    let limit = limit as usize;
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| more);
    Ok(Json(SessionsPage {
        next_cursor: last
            .map(|last| format!("{}.{}", last.last_seen_at.as_micros(), last.session_id)),
        sessions: found.into_iter().map(Into::into).collect(),
    }))
}

fn read_cursor(cursor: &str) -> Result<(Timestamp, String), Problem> {
    let (at, session_id) = cursor.split_once('.').unwrap_or_default();
    let at = at
        .parse()
        .map_err(|_| Problem::invalid("/cursor", "must be the `next_cursor` of a page"))?;
    Ok((Timestamp::from_micros(at), session_id.to_owned()))
}
