//! `POST /api/v1/halts`: stop agents.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use civitas_governance::Halts;
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::{HaltResponse, HaltScope, NewHaltResponse};
use crate::extract::{Authenticated, Body};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// What to stop, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewHalt {
    scope: HaltScope,
    /// Why, in up to 500 characters: agents are told.
    #[serde(default)]
    reason: String,
}

/// Stop agents: all of them, a team, one, or one session. Whoever is stopped is told so at its next event, and nothing that it
/// asks for runs until the halt is lifted. Needs the permission `approve` or `admin`.
#[utoipa::path(post, path = "/api/v1/halts", tag = "halts", security(("bearer" = [])),
    request_body = NewHalt, responses(
        (status = 201, body = NewHaltResponse), (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument, description = "There is no such agent."),
        (status = 409, body = ProblemDocument, description = "Too many halts are in force."),
        (status = 413, body = ProblemDocument), (status = 415, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn set(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    new: Result<Body<NewHalt>, Problem>,
) -> Result<(StatusCode, Json<NewHaltResponse>), Problem> {
    Halts::check_may_set(&caller)?;
    let Body(new) = new?;
    let scope = civitas_model::HaltScope::parse(&new.scope.kind, &new.scope.id);
    let scope = scope.ok_or_else(|| {
        let detail =
            "must be {\"kind\":\"all\"} without an `id`, or of kind `team`, `agent` or `session` with an `id`";
        Problem::invalid("/scope", detail)
    })?;
    let halt = state.halts.set(&caller, scope, &new.reason).await?;
    let agents = state.halts.reached(&caller.tenant_id, &halt.scope).await?;
    let halt = HaltResponse::from(&halt);
    Ok((StatusCode::CREATED, Json(NewHaltResponse { halt, agents })))
}
