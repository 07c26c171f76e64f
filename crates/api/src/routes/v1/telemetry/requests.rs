//! `GET /api/v1/telemetry/requests`: requests to models.

use axum::Json;
use axum::extract::State;
use civitas_model::{AgentId, Permission, Timestamp};
use civitas_storage::RequestFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answer::ModelRequestAnswer;
use crate::extract::{Authenticated, Params, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Requests of a page, unless asked otherwise.
const PAGE: u32 = 50;

/// Which requests.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RequestsQuery {
    /// Only of this session.
    session_id: Option<String>,
    /// Only charged to this agent.
    #[param(value_type = Option<String>)]
    agent_id: Option<AgentId>,
    /// Only of this model.
    model: Option<String>,
    /// Only at this time or later.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Only before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Where the page before ended: its `next_cursor`.
    cursor: Option<String>,
    /// At most this many; 50 when absent.
    #[param(maximum = 500, minimum = 1)]
    limit: Option<u32>,
}

/// A page of requests, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct RequestsPage {
    requests: Vec<ModelRequestAnswer>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// List requests to models, newest first.
#[utoipa::path(get, path = "/api/v1/telemetry/requests", tag = "telemetry", security(("bearer" = [])),
    params(RequestsQuery), responses(
        (status = 200, body = RequestsPage), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Params(query): Params<RequestsQuery>,
) -> Result<Json<RequestsPage>, Problem> {
    require(&caller, Permission::Read)?;
    let limit = query.limit.unwrap_or(PAGE).clamp(1, 500);
    let filter = RequestFilter {
        session_id: query.session_id,
        agent_id: query.agent_id,
        model: query.model,
        since: query.since,
        until: query.until,
        after: query.cursor.as_deref().map(read_cursor).transpose()?,
    };
    let telemetry = state.store.telemetry();
    // One more shows whether there is another page.
    let mut found = telemetry
        .model_requests(&caller.tenant_id, &filter, limit + 1)
        .await?;
    let limit = limit as usize;
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = found.last().filter(|_| more).map(|last| {
        let (session, request) = (&last.session_id, &last.request_id);
        // Ids are the client's own and may hold any character: the length says where the first ends.
        format!(
            "{}.{}.{session}{request}",
            last.at.as_micros(),
            session.len()
        )
    });
    Ok(Json(RequestsPage {
        requests: found.into_iter().map(Into::into).collect(),
        next_cursor,
    }))
}

fn read_cursor(cursor: &str) -> Result<(Timestamp, String, String), Problem> {
    let read = || {
        let (at, rest) = cursor.split_once('.')?;
        let (length, ids) = rest.split_once('.')?;
        let (session, request) = ids.split_at_checked(length.parse().ok()?)?;
        let at = Timestamp::from_micros(at.parse().ok()?);
        Some((at, session.to_owned(), request.to_owned()))
    };
    read().ok_or_else(|| Problem::invalid("/cursor", "must be the `next_cursor` of a page"))
}
