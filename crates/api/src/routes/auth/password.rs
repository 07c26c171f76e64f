//! `POST /api/auth/password`: changes the password.

use axum::Json;
use axum::extract::State;
use civitas_auth::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::{AuthAnswer, refused, signed_in};
use crate::extract::{Authenticated, Body};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// The old and the new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordRequest {
    #[schema(value_type = String)]
    current_password: Secret,
    /// 8 to 128 characters.
    #[schema(value_type = String, min_length = 8, max_length = 128)]
    new_password: Secret,
}

/// Change the password. Every other session of the user ends; this one goes on with the tokens answered.
#[utoipa::path(post, path = "/api/auth/password", tag = "auth", security(("bearer" = [])),
    request_body = PasswordRequest, responses(
        (status = 200, body = AuthAnswer), (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 415, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 429, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn change(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Body(body): Body<PasswordRequest>,
) -> Result<Json<AuthAnswer>, Problem> {
    let changed = state
        .auth
        .change_password(&caller, &body.current_password, &body.new_password)
        .await
        .map_err(refused)?;
    Ok(Json(signed_in(&changed, "Password changed")))
}
