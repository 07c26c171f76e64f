//! The answer to signing in, in every way there is.

use civitas_auth::SignedIn;
use civitas_model::ErrorCode;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::problem::Problem;

/// The answer to signing in. Every member is there, null when it does not apply.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuthAnswer {
    success: bool,
    /// Send it as `Authorization: Bearer <token>`.
    access_token: Option<String>,
    /// Seconds until the access token ends.
    expires_in: Option<u64>,
    /// Exchange it at `/api/auth/refresh` for the next pair; it counts once.
    refresh_token: Option<String>,
    session_id: Option<String>,
    user_id: Option<String>,
    tenant_id: Option<String>,
    roles: Vec<&'static str>,
    permissions: Vec<&'static str>,
    /// The user, as older clients read it.
    user: Option<UserAnswer>,
    message: Option<String>,
    error: Option<String>,
}

/// A user.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserAnswer {
    id: String,
    user_id: String,
    email: String,
    name: String,
    tenant_id: String,
    roles: Vec<&'static str>,
    permissions: Vec<&'static str>,
}

/// The answer for someone who is signed in.
pub(crate) fn signed_in(signed_in: &SignedIn, message: &str) -> AuthAnswer {
    let roles: Vec<_> = signed_in.roles.iter().map(|role| role.as_str()).collect();
    let permissions: Vec<_> = signed_in
        .permissions
        .iter()
        .map(|permission| permission.as_str())
        .collect();
    let user = &signed_in.user;
    AuthAnswer {
        success: true,
        access_token: Some(signed_in.access_token.reveal().to_owned()),
        expires_in: Some(signed_in.access_token_lifetime.as_secs()),
        refresh_token: Some(signed_in.refresh_token.reveal().to_owned()),
        session_id: Some(signed_in.session_id.to_string()),
        user_id: Some(user.user_id.to_string()),
        tenant_id: Some(signed_in.tenant_id.to_string()),
        roles: roles.clone(),
        permissions: permissions.clone(),
        user: Some(UserAnswer {
            id: user.user_id.to_string(),
            user_id: user.user_id.to_string(),
            email: user.email.clone(),
            name: user.name.clone(),
            tenant_id: signed_in.tenant_id.to_string(),
            roles,
            permissions,
        }),
        message: Some(message.to_owned()),
        error: None,
    }
}

/// A refusal that carries the members of the answer, too, as the contract's clients expect.
pub(crate) fn refused(error: civitas_auth::Error) -> Problem {
    let code = error.code();
    let problem = Problem::from(error);
    if !matches!(
        code,
        ErrorCode::AuthenticationFailed | ErrorCode::AlreadyExists | ErrorCode::Unauthorized
    ) {
        return problem;
    }
    let absent = [
        "access_token",
        "refresh_token",
        "session_id",
        "user_id",
        "tenant_id",
        "user",
    ];
    let problem = absent
        .into_iter()
        .fold(problem, |problem, name| problem.with(name, Value::Null));
    problem
        .with("success", json!(false))
        .with("roles", json!([]))
        .with("permissions", json!([]))
}
