//! `GET /api/v1/decisions/{decision_id}`: one decision.

use axum::Json;
use axum::extract::State;
use civitas_model::Permission;

use super::answer::DecisionResponse;
use crate::extract::{Authenticated, PathId, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Show a decision with what was asked and answered.
#[utoipa::path(get, path = "/api/v1/decisions/{decision_id}", tag = "policy", security(("bearer" = [])),
    params(("decision_id" = String, Path)), responses(
        (status = 200, body = DecisionResponse), (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument),
    ))]
pub(crate) async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    PathId(decision_id): PathId<()>,
) -> Result<Json<DecisionResponse>, Problem> {
    require(&caller, Permission::Read)?;
    let decisions = state.store.decisions();
    let found = decisions
        .find_by_id(&caller.tenant_id, decision_id.as_str())
        .await?;
    let found = found.ok_or_else(|| Problem::not_found("decision"))?;
    Ok(Json(found.into()))
}
