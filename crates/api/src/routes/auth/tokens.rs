//! `/api/auth/tokens`: service tokens, for machines.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use civitas_model::{Permission, Timestamp};
use civitas_storage::ServiceToken;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::members::PageQuery;
use crate::extract::{Authenticated, Body, Params};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// How long a token lasts unless asked otherwise, in days.
const DAYS: u64 = 90;

/// A token to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenRequest {
    /// What it is for.
    name: String,
    /// What it may do: `read`, `write`, `admin`, `hooks`, `metrics`. Never `approve`; `metrics` in the default tenant only.
    #[schema(value_type = Vec<String>)]
    scopes: Vec<Permission>,
    /// How long it lasts; 90 when absent.
    #[schema(minimum = 1, maximum = 366)]
    expires_in_days: Option<u64>,
}

/// A token, as listed.
#[derive(Serialize, ToSchema)]
pub(crate) struct Token {
    token_id: String,
    name: String,
    scopes: Vec<&'static str>,
    created_by: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
}

impl From<ServiceToken> for Token {
    fn from(token: ServiceToken) -> Self {
        Self {
            token_id: token.token_id,
            name: token.name,
            scopes: token.scopes.into_iter().map(Permission::as_str).collect(),
            created_by: token.created_by,
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
            revoked_at: token.revoked_at,
        }
    }
}

/// A new token, with its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewToken {
    /// Shown once: keep it where the machine reads it.
    token: String,
    #[serde(flatten)]
    facts: Token,
}

/// Tokens, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Tokens {
    tokens: Vec<Token>,
}

/// Make a service token. Needs an administrator.
#[utoipa::path(post, path = "/api/auth/tokens", tag = "auth", security(("bearer" = [])),
    request_body = TokenRequest, responses(
        (status = 200, body = NewToken), (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 415, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn create(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    body: Result<Body<TokenRequest>, Problem>,
) -> Result<Json<NewToken>, Problem> {
    state.auth.require_administration(&caller).await?;
    let Body(body) = body?;
    let days = body.expires_in_days.unwrap_or(DAYS);
    let lifetime = Duration::from_secs(days.saturating_mul(24 * 60 * 60));
    let (token, secret) = state
        .auth
        .create_service_token(&caller, &body.name, &body.scopes, lifetime)
        .await?;
    Ok(Json(NewToken {
        token: secret.reveal().to_owned(),
        facts: token.into(),
    }))
}

/// List the tenant's service tokens. Needs an administrator.
#[utoipa::path(get, path = "/api/auth/tokens", tag = "auth", security(("bearer" = [])),
    params(PageQuery), responses(
        (status = 200, body = Tokens), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Params(query): Params<PageQuery>,
) -> Result<Json<Tokens>, Problem> {
    let found = state
        .auth
        .service_tokens(&caller, query.limit(), query.offset)
        .await?;
    Ok(Json(Tokens {
        tokens: found.into_iter().map(Token::from).collect(),
    }))
}

/// Revoke a service token. It ends at once. Needs an administrator.
#[utoipa::path(delete, path = "/api/auth/tokens/{token_id}", tag = "auth", security(("bearer" = [])),
    params(("token_id" = String, Path)), responses(
        (status = 204, description = "It is done."), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn revoke(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Path(token_id): Path<String>,
) -> Result<StatusCode, Problem> {
    state.auth.revoke_service_token(&caller, &token_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
