//! `GET /api/v1/policy/versions/{version}`: one version with its texts.

use axum::Json;
use axum::extract::State;
use civitas_model::Permission;

use super::answer::PolicyVersionResponse;
use crate::extract::{Authenticated, PathId, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Show a version of the policies with its texts: its number, `active`, or 0 for what every tenant starts with.
#[utoipa::path(get, path = "/api/v1/policy/versions/{version}", tag = "policy", security(("bearer" = [])),
    params(("version" = String, Path, description = "A number, or `active`.")), responses(
        (status = 200, body = PolicyVersionResponse), (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument),
    ))]
pub(crate) async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    PathId(version): PathId<()>,
) -> Result<Json<PolicyVersionResponse>, Problem> {
    require(&caller, Permission::Read)?;
    let tenant = &caller.tenant_id;
    let found = match version.as_str() {
        "active" => state.policies.active_version(tenant).await?,
        number => state.policies.version(tenant, parse(number)?).await?,
    };
    Ok(Json(found.into()))
}

/// The number of a version; what is none names nothing.
pub(super) fn parse(number: &str) -> Result<u64, Problem> {
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit());
    let parsed = number.parse::<u64>().ok().filter(|_| is_plain);
    parsed.ok_or_else(|| Problem::not_found("version of your policies"))
}
