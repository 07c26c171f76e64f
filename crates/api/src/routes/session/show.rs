//! `GET /api/session/{session_id}` and `/state`: a session, for its owner.

use axum::Json;
use axum::extract::State;
use civitas_model::id::SessionKind;
use civitas_model::{Caller, Session, SessionId};
use serde_json::{Map, Value, json};

use crate::extract::{Authenticated, PathId};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Show a session and what is kept with it. Someone else's is not found.
#[utoipa::path(get, path = "/api/session/{session_id}", tag = "sessions", security(("bearer" = [])),
    params(("session_id" = String, Path)), responses(
        (status = 200, body = Value), (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    PathId(session_id): PathId<SessionKind>,
) -> Result<Json<Value>, Problem> {
    find(&state, &caller, &session_id).await
}

/// The same, under the path of older clients.
#[utoipa::path(get, path = "/api/session/{session_id}/state", tag = "sessions",
    security(("bearer" = [])), params(("session_id" = String, Path)), responses(
        (status = 200, body = Value), (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn state(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    PathId(session_id): PathId<SessionKind>,
) -> Result<Json<Value>, Problem> {
    find(&state, &caller, &session_id).await
}

async fn find(state: &AppState, caller: &Caller, id: &SessionId) -> Result<Json<Value>, Problem> {
    Ok(Json(shown(&state.auth.find_session(caller, id).await?)))
}

/// A session as clients read it: what agents and intents keep with it stands beside its own members, which win.
pub(crate) fn shown(session: &Session) -> Value {
    let mut shown = match &session.state {
        Value::Object(state) => state.clone(),
        _ => Map::new(),
    };
    let tenant = if session.is_anonymous() {
        Value::Null
    } else {
        json!(session.tenant_id)
    };
    let members = json!({
        "session_id": session.session_id,
        "tenant_id": tenant,
        "user_id": session.user_id,
        "is_anonymous": session.is_anonymous(),
        "execution_contract": {},
        "metadata": session.metadata,
        "status": "active",
        "created_at": session.created_at,
        "upgraded_at": session.upgraded_at,
        "expires_at": session.expires_at,
    });
    if let Value::Object(members) = members {
        shown.extend(members);
    }
    Value::Object(shown)
}
