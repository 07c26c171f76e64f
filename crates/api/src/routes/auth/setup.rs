//! `POST /api/auth/setup`: the first administrator, with the token that the first start printed.

use axum::Json;
use axum::extract::State;
use civitas_auth::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::{AuthAnswer, refused, signed_in};
use super::register::RegisterRequest;
use crate::extract::Body;
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// The first administrator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetupRequest {
    /// The token that the first start of `civitas serve` printed.
    #[schema(value_type = String)]
    setup_token: Secret,
    /// The administrator.
    administrator: RegisterRequest,
}

/// Become the first administrator of `default_tenant`. The token counts once.
#[utoipa::path(post, path = "/api/auth/setup", tag = "auth", request_body = SetupRequest,
    responses(
        (status = 200, body = AuthAnswer), (status = 400, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 415, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn setup(
    State(state): State<AppState>,
    Body(body): Body<SetupRequest>,
) -> Result<Json<AuthAnswer>, Problem> {
    let token = &body.setup_token;
    let registered = state
        .auth
        .redeem_setup_token(token, body.administrator.into())
        .await
        .map_err(refused)?;
    Ok(Json(signed_in(&registered, "Setup successful")))
}
