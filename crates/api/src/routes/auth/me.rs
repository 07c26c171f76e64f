//! `GET /api/auth/me`: who the credential says is asking.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::Authenticated;
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Who is asking.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    /// `user`, `service`, `anonymous` or `local_operator`.
    kind: &'static str,
    user_id: Option<String>,
    email: Option<String>,
    name: String,
    tenant_id: String,
    session_id: Option<String>,
    roles: Vec<&'static str>,
    permissions: Vec<&'static str>,
    /// Whether they may administer the tenant.
    administers: bool,
    /// Every tenant the user belongs to.
    memberships: Vec<TenantRole>,
}

/// A standing in a tenant.
#[derive(Serialize, ToSchema)]
struct TenantRole {
    tenant_id: String,
    role: &'static str,
}

/// Say who is asking, and what they may do.
#[utoipa::path(get, path = "/api/auth/me", tag = "auth", security(("bearer" = [])), responses(
    (status = 200, body = Me), (status = 401, body = ProblemDocument),
    (status = 503, body = ProblemDocument),
))]
pub(crate) async fn me(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Me>, Problem> {
    let profile = state.auth.me(&caller).await?;
    let memberships = profile.memberships.iter().map(|membership| TenantRole {
        tenant_id: membership.tenant_id.to_string(),
        role: membership.role.as_str(),
    });
    Ok(Json(Me {
        kind: caller.kind.as_str(),
        user_id: caller.user_id.as_ref().map(ToString::to_string),
        email: profile.user.as_ref().map(|user| user.email.clone()),
        name: profile.user.map_or(caller.name, |user| user.name),
        tenant_id: caller.tenant_id.to_string(),
        session_id: caller.session_id.map(|id| id.to_string()),
        roles: caller.roles.iter().map(|role| role.as_str()).collect(),
        permissions: caller
            .permissions
            .iter()
            .map(|permission| permission.as_str())
            .collect(),
        administers: profile.administers,
        memberships: memberships.collect(),
    }))
}
