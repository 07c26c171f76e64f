//! `PATCH /api/session/{session_id}/upgrade`: an anonymous session becomes a user's.

use axum::Json;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header;
use civitas_auth::Secret;
use civitas_model::ErrorCode;
use civitas_model::id::SessionKind;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::show::shown;
use crate::extract::{Authenticated, Body, PathId};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Who signed in.
#[derive(Deserialize, ToSchema)]
pub(crate) struct UpgradeRequest {
    /// The user's access token; the `Authorization` header's when absent. The user is taken from it alone.
    #[schema(value_type = Option<String>)]
    access_token: Option<Secret>,
    /// The anonymous session's secret, to prove that the session is the caller's.
    #[schema(value_type = Option<String>)]
    session_token: Option<Secret>,
    /// Merged into the session's.
    #[serde(default)]
    metadata: Map<String, Value>,
}

/// Give an anonymous session to the user who signed in. Its id stays; its secret ends.
#[utoipa::path(patch, path = "/api/session/{session_id}/upgrade", tag = "sessions",
    security(("bearer" = [])), params(("session_id" = String, Path)),
    request_body = UpgradeRequest, responses(
        (status = 200, body = Value), (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 415, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn upgrade(
    State(state): State<AppState>,
    PathId(session_id): PathId<SessionKind>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let (mut parts, body) = request.into_parts();
    let in_header = if parts.headers.contains_key(header::AUTHORIZATION) {
        Some(
            Authenticated::from_request_parts(&mut parts, &state)
                .await?
                .0,
        )
    } else {
        None
    };
    let request = Request::from_parts(parts, body);
    let Body(body) =
        <Body<UpgradeRequest> as axum::extract::FromRequest<_>>::from_request(request, &state)
            .await?;
    let caller = match (&body.access_token, in_header) {
        (Some(token), _) => state.auth.authenticate(token.reveal()).await?,
        (None, Some(caller)) => caller,
        (None, None) => {
            let detail = "Access token required: sign in, and send its `access_token`";
            return Err(Problem::new(ErrorCode::Unauthorized, detail));
        }
    };
    let secret = body.session_token.as_ref();
    let session = state
        .auth
        .upgrade(&caller, &session_id, secret, body.metadata)
        .await?;
    Ok(Json(shown(&session)))
}
