//! `/api/auth/members`: who belongs to the tenant.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use civitas_auth::PAGE_MAX;
use civitas_model::Role;
use civitas_model::id::UserKind;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::extract::{Authenticated, Body, Params, PathId};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Members per page, unless asked otherwise.
const PAGE: u32 = 100;

/// Which page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// At most this many, up to 200; 100 when absent.
    #[param(maximum = 200, minimum = 1)]
    pub(crate) limit: Option<u32>,
    /// After this many.
    #[serde(default)]
    pub(crate) offset: u32,
}

impl PageQuery {
    pub(crate) fn limit(&self) -> u32 {
        self.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX)
    }
}

/// Members of the tenant.
#[derive(Serialize, ToSchema)]
pub(crate) struct Members {
    members: Vec<Member>,
}

/// A member of the tenant.
#[derive(Serialize, ToSchema)]
struct Member {
    user_id: String,
    email: String,
    name: String,
    role: &'static str,
}

/// List the tenant's members. Needs an administrator.
#[utoipa::path(get, path = "/api/auth/members", tag = "auth", security(("bearer" = [])),
    params(PageQuery), responses(
        (status = 200, body = Members), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Params(query): Params<PageQuery>,
) -> Result<Json<Members>, Problem> {
    let found = state
        .auth
        .members(&caller, query.limit(), query.offset)
        .await?;
    let members = found
        .into_iter()
        .map(|member| Member {
            user_id: member.membership.user_id.to_string(),
            role: member.membership.role.as_str(),
            email: member.email,
            name: member.name,
        })
        .collect();
    Ok(Json(Members { members }))
}

/// A member's new role.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleRequest {
    /// `viewer`, `user`, `operator` or `admin`.
    #[schema(value_type = String)]
    role: Role,
}

/// Change a member's role. Needs an administrator; their sessions end, so that it counts at once.
#[utoipa::path(put, path = "/api/auth/members/{user_id}", tag = "auth", security(("bearer" = [])),
    params(("user_id" = String, Path)), request_body = RoleRequest, responses(
        (status = 204, description = "It is done."), (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 415, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn set_role(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    PathId(user_id): PathId<UserKind>,
    body: Result<Body<RoleRequest>, Problem>,
) -> Result<StatusCode, Problem> {
    state.auth.require_administration(&caller).await?;
    let Body(body) = body?;
    state.auth.set_role(&caller, &user_id, body.role).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove a member from the tenant. Needs an administrator.
#[utoipa::path(delete, path = "/api/auth/members/{user_id}", tag = "auth", security(("bearer" = [])),
    params(("user_id" = String, Path)), responses(
        (status = 204, description = "It is done."), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn remove(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    PathId(user_id): PathId<UserKind>,
) -> Result<StatusCode, Problem> {
    state.auth.remove_member(&caller, &user_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use utoipa::openapi::path::ParameterIn;

    use super::*;

    #[test]
    fn the_documented_page_is_the_page_that_is_given() {
        let asked = |limit| PageQuery { limit, offset: 0 }.limit();
        assert_eq!(asked(Some(u32::MAX)), PAGE_MAX);
        assert_eq!(asked(Some(PAGE_MAX)), PAGE_MAX);
        assert_eq!(asked(None), PAGE);
        let parameters = json!(PageQuery::into_params(|| Some(ParameterIn::Query)));
        assert_eq!(parameters[0]["schema"]["maximum"], PAGE_MAX);
    }
}
