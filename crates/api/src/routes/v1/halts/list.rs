//! `GET /api/v1/halts`: what is stopped.

use axum::Json;
use axum::extract::State;
use civitas_model::Permission;

use super::answer::HaltResponse;
use crate::extract::{Authenticated, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// List the halts in force, oldest first. There are at most 1,000.
#[utoipa::path(get, path = "/api/v1/halts", tag = "halts", security(("bearer" = [])),
    responses(
        (status = 200, body = Vec<HaltResponse>), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Vec<HaltResponse>>, Problem> {
    require(&caller, Permission::Read)?;
    let halts = state.halts.in_force(&caller.tenant_id).await?;
    Ok(Json(halts.iter().map(HaltResponse::from).collect()))
}
