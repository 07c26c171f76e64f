//! `POST /api/auth/login`: signs in with e-mail address and password.

use axum::Json;
use axum::extract::State;
use civitas_auth::{Credentials, Secret};
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::{AuthAnswer, refused, signed_in};
use crate::extract::{Body, ClientAddress};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Who signs in.
#[derive(Deserialize, ToSchema)]
pub(crate) struct LoginRequest {
    email: String,
    #[schema(value_type = String)]
    password: Secret,
}

impl From<LoginRequest> for Credentials {
    fn from(request: LoginRequest) -> Self {
        Self {
            email: request.email,
            password: request.password,
        }
    }
}

/// Sign in. Five per 60 seconds and client address.
#[utoipa::path(post, path = "/api/auth/login", tag = "auth", request_body = LoginRequest,
    responses(
        (status = 200, body = AuthAnswer), (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument, description = "Also has `success: false`."),
        (status = 415, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 429, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn login(
    State(state): State<AppState>,
    ClientAddress(client): ClientAddress,
    Body(body): Body<LoginRequest>,
) -> Result<Json<AuthAnswer>, Problem> {
    let credentials = Credentials::from(body);
    let found = state
        .auth
        .login(&credentials, client)
        .await
        .map_err(refused)?;
    Ok(Json(signed_in(&found, "Login successful")))
}
