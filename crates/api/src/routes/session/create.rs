//! `POST /api/session/create`: a session for whoever asks.

use axum::Json;
use axum::extract::State;
use civitas_model::{SessionId, TenantId};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::super::intent::pending::check_tenant;
use super::create_anonymous::CreatedSession;
use crate::extract::{Authenticated, OptionalBody};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// A session to make.
#[derive(Deserialize, Default, ToSchema)]
pub(crate) struct CreateRequest {
    /// Its id, when the client chooses one.
    #[schema(value_type = Option<String>)]
    session_id: Option<SessionId>,
    /// May be left out; must be the credential's.
    #[schema(value_type = Option<String>)]
    tenant_id: Option<TenantId>,
    /// What to keep with it.
    #[serde(default)]
    metadata: Map<String, Value>,
}

/// Open a session. Its owner is whoever asks.
#[utoipa::path(post, path = "/api/session/create", tag = "sessions", security(("bearer" = [])),
    request_body = Option<CreateRequest>, responses(
        (status = 200, body = CreatedSession), (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 409, body = ProblemDocument), (status = 415, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn create(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    OptionalBody(body): OptionalBody<CreateRequest>,
) -> Result<Json<CreatedSession>, Problem> {
    check_tenant(&caller, body.tenant_id.as_ref())?;
    let session = state
        .auth
        .create_session(&caller, body.session_id, body.metadata)
        .await?;
    Ok(Json(CreatedSession::known(&session)))
}
