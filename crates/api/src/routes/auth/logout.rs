//! `POST /api/auth/logout`: ends the session.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::extract::{Authenticated, OptionalBody};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// How far to sign out.
#[derive(Deserialize, Default, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogoutRequest {
    /// Every session of the user, on every device.
    #[serde(default)]
    everywhere: bool,
}

/// It is done.
#[derive(Serialize, ToSchema)]
pub(crate) struct Done {
    success: bool,
    message: &'static str,
}

/// Sign out: the session's tokens end at once.
#[utoipa::path(post, path = "/api/auth/logout", tag = "auth", security(("bearer" = [])),
    request_body = Option<LogoutRequest>, responses(
        (status = 200, body = Done), (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 415, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn logout(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    OptionalBody(body): OptionalBody<LogoutRequest>,
) -> Result<Json<Done>, Problem> {
    if body.everywhere {
        state.auth.logout_everywhere(&caller).await?;
    } else {
        state.auth.logout(&caller).await?;
    }
    Ok(Json(Done {
        success: true,
        message: "Signed out",
    }))
}
