//! `POST /api/session/create-anonymous`: a session for someone who has not signed in.

use axum::Json;
use axum::extract::State;
use civitas_auth::{Secret, SignedIn};
use civitas_model::{Session, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::extract::{ClientAddress, OptionalBody};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// A session to make.
#[derive(Deserialize, Default, ToSchema)]
pub(crate) struct AnonymousRequest {
    /// What to keep with it.
    #[serde(default)]
    metadata: Map<String, Value>,
}

/// A session that was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedSession {
    /// The public handle; stays the same when someone signs in to it.
    session_id: String,
    /// Null while anonymous.
    tenant_id: Option<String>,
    /// Null while anonymous.
    user_id: Option<String>,
    /// The anonymous session's credential: `Authorization: Bearer <session_token>`. Shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<String>,
    /// The user's credential, when the request signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    /// For the next pair of tokens, when the request signed in; works once.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl CreatedSession {
    /// A session of someone who is known.
    pub(crate) fn known(session: &Session) -> Self {
        Self {
            session_id: session.session_id.to_string(),
            tenant_id: Some(session.tenant_id.to_string()),
            user_id: session.user_id.as_ref().map(ToString::to_string),
            session_token: None,
            access_token: None,
            refresh_token: None,
            created_at: session.created_at,
            expires_at: session.expires_at,
        }
    }

    /// An anonymous session.
    pub(crate) fn anonymous(session: &Session, secret: &Secret) -> Self {
        Self {
            tenant_id: None,
            session_token: Some(secret.reveal().to_owned()),
            ..Self::known(session)
        }
    }

    /// The session of someone who signed in for it.
    pub(crate) fn signed_in(session: &Session, signed_in: &SignedIn) -> Self {
        Self {
            access_token: Some(signed_in.access_token.reveal().to_owned()),
            refresh_token: Some(signed_in.refresh_token.reveal().to_owned()),
            ..Self::known(session)
        }
    }
}

/// Open a session without signing in. It lasts 24 hours, in a tenant of its own. Thirty per 60 seconds and client address.
#[utoipa::path(post, path = "/api/session/create-anonymous", tag = "sessions",
    request_body = Option<AnonymousRequest>, responses(
        (status = 200, body = CreatedSession), (status = 400, body = ProblemDocument),
        (status = 415, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 429, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn create(
    State(state): State<AppState>,
    ClientAddress(client): ClientAddress,
    OptionalBody(body): OptionalBody<AnonymousRequest>,
) -> Result<Json<CreatedSession>, Problem> {
    let (session, secret) = state.auth.create_anonymous(body.metadata, client).await?;
    Ok(Json(CreatedSession::anonymous(&session, &secret)))
}
