//! `GET /api/v1/policy/versions`: the versions of the tenant's policies.

use axum::Json;
use axum::extract::State;
use civitas_model::Permission;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answer::{PolicyActivationResponse, PolicyVersionSummary};
use crate::extract::{Authenticated, Params, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Versions per page, unless asked otherwise, and activations.
const PAGE: u32 = 50;

/// Which versions.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct VersionsQuery {
    /// Where the page before ended: its `next_cursor`.
    #[param(minimum = 1)]
    cursor: Option<u64>,
    /// At most this many; 50 when absent.
    #[param(maximum = 200, minimum = 1)]
    limit: Option<u32>,
}

/// A page of versions, newest first, and where they stand.
#[derive(Serialize, ToSchema)]
pub(crate) struct PolicyVersions {
    /// The version that decides; 0 is what every tenant starts with.
    active: u64,
    /// The newest version; 0 when none was saved.
    newest: u64,
    /// The one that was saved or activated last: `based_on` of the next one.
    base: u64,
    versions: Vec<PolicyVersionSummary>,
    /// The newest activations, newest first.
    activations: Vec<PolicyActivationResponse>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<u64>,
}

/// List the versions of the policies, newest first, with the history of activations. The newest 200 are kept, and the active one.
#[utoipa::path(get, path = "/api/v1/policy/versions", tag = "policy", security(("bearer" = [])),
    params(VersionsQuery), responses(
        (status = 200, body = PolicyVersions), (status = 401, body = ProblemDocument),
    ))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Params(query): Params<VersionsQuery>,
) -> Result<Json<PolicyVersions>, Problem> {
    require(&caller, Permission::Read)?;
    let limit = query.limit.unwrap_or(PAGE);
    let tenant = &caller.tenant_id;
    let (head, found) = state.policies.versions(tenant, query.cursor, limit).await?;
    let is_full = u32::try_from(found.len()).is_ok_and(|count| count == limit);
    let last = found.last().map(|version| version.number);
    let activations = state.policies.activations(tenant, PAGE).await?;
    Ok(Json(PolicyVersions {
        active: head.active,
        newest: head.newest,
        base: head.base,
        versions: found
            .into_iter()
            .map(|info| PolicyVersionSummary::of(info, head.active))
            .collect(),
        activations: activations.into_iter().map(Into::into).collect(),
        next_cursor: last.filter(|last| is_full && *last > 1),
    }))
}
