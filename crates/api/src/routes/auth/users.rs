//! `POST /api/auth/users`: an administrator makes a user in the tenant.

use axum::Json;
use axum::extract::State;
use civitas_auth::NewUser;
use civitas_model::Role;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::register::RegisterRequest;
use crate::extract::{Admin, Body};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// A user to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserRequest {
    /// Who.
    user: RegisterRequest,
    /// `viewer`, `user`, `operator` or `admin`.
    #[schema(value_type = String)]
    role: Role,
}

/// A user that was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedUser {
    user_id: String,
    email: String,
    name: String,
    tenant_id: String,
    role: &'static str,
}

/// Make a user in the caller's tenant. Needs the permission `admin`.
#[utoipa::path(post, path = "/api/auth/users", tag = "auth", security(("bearer" = [])),
    request_body = UserRequest, responses(
        (status = 200, body = CreatedUser), (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 409, body = ProblemDocument), (status = 415, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn create(
    State(state): State<AppState>,
    Admin(caller): Admin,
    Body(body): Body<UserRequest>,
) -> Result<Json<CreatedUser>, Problem> {
    let new = NewUser {
        registration: body.user.into(),
        role: body.role,
        tenant_id: caller.tenant_id.clone(),
    };
    let user = state.auth.create_user(new, &caller).await?;
    Ok(Json(CreatedUser {
        user_id: user.user_id.to_string(),
        email: user.email,
        name: user.name,
        tenant_id: caller.tenant_id.to_string(),
        role: body.role.as_str(),
    }))
}
