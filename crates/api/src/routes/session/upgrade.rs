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
use crate::extract::{Authenticated, Body, PathId, anonymous_secret};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Who signed in.
#[derive(Deserialize, ToSchema)]
pub(crate) struct UpgradeRequest {
    /// The user's access token; the `Authorization` header's when absent. The user is taken from it alone.
    #[schema(value_type = Option<String>)]
    access_token: Option<Secret>,
    /// The anonymous session's secret, the proof that the session is the caller's. It may stand in the `Authorization`
    /// header instead.
    #[schema(value_type = Option<String>)]
    session_token: Option<Secret>,
    /// Merged into the session's.
    #[serde(default)]
    metadata: Map<String, Value>,
}

/// Give an anonymous session, with everything that was done in it, to the user who signed in. Ids stay; the session's
/// secret, which must be shown, ends. While something in the session runs, and for up to ten seconds, this waits for it.
#[utoipa::path(patch, path = "/api/session/{session_id}/upgrade", tag = "sessions",
    security(("bearer" = [])), params(("session_id" = String, Path)),
    request_body = UpgradeRequest, responses(
        (status = 200, body = Value), (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument, description = "Something in the session still runs."),
        (status = 415, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn upgrade(
    State(state): State<AppState>,
    PathId(session_id): PathId<SessionKind>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let (mut parts, body) = request.into_parts();
    // The header may hold either of the two credentials; the body has the other.
    let secret_in_header = anonymous_secret(&parts)?;
    let in_header =
        if secret_in_header.is_none() && parts.headers.contains_key(header::AUTHORIZATION) {
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
    let secret = body.session_token.or(secret_in_header);
    let plan = state
        .auth
        .plan_upgrade(&caller, &session_id, secret.as_ref(), body.metadata)
        .await?;
    if let Some(upgrade) = plan {
        state.runtime.upgrade_session(upgrade).await?;
    }
    let session = state.auth.find_session(&caller, &session_id).await?;
    Ok(Json(shown(&session)))
}
