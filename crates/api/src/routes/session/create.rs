//! `POST /api/session/create`: a session for whoever asks.

use axum::Json;
use axum::extract::State;
use civitas_auth::{Credentials, Opening};
use civitas_model::{Caller, ErrorCode, SessionId, TenantId, UserId};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::super::auth::login::LoginRequest;
use super::super::intent::pending::check_tenant;
use super::create_anonymous::CreatedSession;
use crate::extract::{ClientAddress, MaybeAuthenticated, OptionalBody};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// A session to make.
#[derive(Deserialize, Default, ToSchema)]
pub(crate) struct CreateRequest {
    /// Signs in, and the session is the user's.
    credentials: Option<LoginRequest>,
    /// Its id, when the client chooses one; the id of an anonymous session is made here.
    #[schema(value_type = Option<String>)]
    session_id: Option<SessionId>,
    /// May be left out; must be the credential's.
    #[schema(value_type = Option<String>)]
    tenant_id: Option<TenantId>,
    /// May be left out; must be the credential's.
    #[schema(value_type = Option<String>)]
    user_id: Option<UserId>,
    /// What to keep with it.
    #[serde(default)]
    metadata: Map<String, Value>,
}

/// Open a session. Its owner is who signs in with it, else whoever the `Authorization` header says, else nobody: then it is
/// an anonymous one. Signing in and anonymous sessions are limited as at `/api/auth/login` and
/// `/api/session/create-anonymous`.
#[utoipa::path(post, path = "/api/session/create", tag = "sessions",
    request_body = Option<CreateRequest>, responses(
        (status = 200, body = CreatedSession), (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 409, body = ProblemDocument), (status = 415, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 429, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn create(
    State(state): State<AppState>,
    MaybeAuthenticated(caller): MaybeAuthenticated,
    ClientAddress(client): ClientAddress,
    OptionalBody(body): OptionalBody<CreateRequest>,
) -> Result<Json<CreatedSession>, Problem> {
    let claimed = (body.tenant_id, body.user_id);
    if let Some(login) = body.credentials {
        let opening = Opening {
            session_id: body.session_id,
            metadata: body.metadata,
        };
        let credentials = Credentials::from(login);
        let found = state
            .auth
            .login_to(&credentials, opening, client)
            .await
            .map_err(below_credentials)?;
        let caller = state.auth.authenticate(found.access_token.reveal()).await?;
        let session = state.auth.find_session(&caller, &found.session_id).await?;
        return Ok(Json(CreatedSession::signed_in(&session, &found)));
    }
    if let Some(caller) = caller {
        check_claim(&caller, &claimed)?;
        let session = state
            .auth
            .create_session(&caller, body.session_id, body.metadata)
            .await?;
        return Ok(Json(CreatedSession::known(&session)));
    }
    // Who names both a tenant and a user asks for a session of theirs; everyone else for an anonymous one.
    if claimed.0.is_some() && claimed.1.is_some() {
        let detail = "a session of a user needs the user's credential: sign in, or leave `tenant_id` and `user_id` out";
        return Err(Problem::new(ErrorCode::Unauthorized, detail));
    }
    if body.session_id.is_some() {
        let detail = "the id of an anonymous session is made here: leave it out, or sign in";
        return Err(Problem::invalid("/session_id", detail));
    }
    let (session, secret) = state.auth.create_anonymous(body.metadata, client).await?;
    Ok(Json(CreatedSession::anonymous(&session, &secret)))
}

/// What is wrong with the e-mail address or the password stands one level deeper here than at the login.
fn below_credentials(mut error: civitas_auth::Error) -> Problem {
    if let civitas_auth::Error::Invalid(errors) = &mut error {
        for error in errors {
            error.pointer = match error.pointer {
                "/email" => "/credentials/email",
                "/password" => "/credentials/password",
                pointer => pointer,
            };
        }
    }
    error.into()
}

/// A user and a tenant that are named must be the credential's.
fn check_claim(
    caller: &Caller,
    (tenant, user): &(Option<TenantId>, Option<UserId>),
) -> Result<(), Problem> {
    check_tenant(caller, tenant.as_ref())?;
    if user.is_some() && caller.user_id.is_some() && *user != caller.user_id {
        let detail = "your credential is another user's: leave `user_id` out";
        return Err(Problem::new(ErrorCode::Forbidden, detail));
    }
    Ok(())
}
