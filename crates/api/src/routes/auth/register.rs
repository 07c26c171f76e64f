//! `POST /api/auth/register`: a new user, in a tenant of their own.

use axum::Json;
use axum::extract::State;
use civitas_auth::{Registration, Secret};
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::{AuthAnswer, refused, signed_in};
use crate::extract::{Body, ClientAddress};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// A new user.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RegisterRequest {
    /// Up to 254 characters.
    email: String,
    /// 8 to 128 characters.
    #[schema(value_type = String, min_length = 8, max_length = 128)]
    password: Secret,
    /// 1 to 100 characters; `< > " '` are removed.
    name: String,
}

impl From<RegisterRequest> for Registration {
    fn from(request: RegisterRequest) -> Self {
        Self {
            email: request.email,
            password: request.password,
            name: request.name,
        }
    }
}

/// Register, and sign in. Three per 300 seconds and client address.
#[utoipa::path(post, path = "/api/auth/register", tag = "auth", request_body = RegisterRequest,
    responses(
        (status = 200, body = AuthAnswer), (status = 400, body = ProblemDocument),
        (status = 409, body = ProblemDocument, description = "Someone registered with this address."),
        (status = 415, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 429, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn register(
    State(state): State<AppState>,
    ClientAddress(client): ClientAddress,
    Body(body): Body<RegisterRequest>,
) -> Result<Json<AuthAnswer>, Problem> {
    let registered = state
        .auth
        .register(body.into(), client)
        .await
        .map_err(refused)?;
    Ok(Json(signed_in(&registered, "Registration successful")))
}
