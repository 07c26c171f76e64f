//! `POST /api/auth/refresh`: the next pair of tokens.

use axum::Json;
use axum::extract::State;
use civitas_auth::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::{AuthAnswer, refused, signed_in};
use crate::extract::Body;
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// The refresh token.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RefreshRequest {
    #[schema(value_type = String)]
    refresh_token: Secret,
}

/// Exchange a refresh token for the next pair. One that was used before ends everything that came from it.
#[utoipa::path(post, path = "/api/auth/refresh", tag = "auth", request_body = RefreshRequest,
    responses(
        (status = 200, body = AuthAnswer), (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument),
        (status = 409, body = ProblemDocument, description = "Too many requests use it at once: nothing is revoked."),
        (status = 415, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn refresh(
    State(state): State<AppState>,
    Body(body): Body<RefreshRequest>,
) -> Result<Json<AuthAnswer>, Problem> {
    let refreshed = state
        .auth
        .refresh(&body.refresh_token)
        .await
        .map_err(refused)?;
    Ok(Json(signed_in(&refreshed, "Token refreshed")))
}
