//! `POST /api/v1/policy/versions/{version}/activate`: let a version decide.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::PolicyVersionResponse;
use super::files::Pointers;
use super::show::parse;
use crate::extract::{AdminPerson, OptionalBody, PathId};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// How to activate.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyActivate {
    /// The version that is active as far as the caller knows; refused when it is another.
    expected_active: Option<u64>,
    /// Why, for whoever reads it later.
    #[serde(default)]
    #[schema(max_length = 1000)]
    note: String,
}

/// Let a version decide from the next call on; 0 is what every tenant starts with. Needs a person who administers.
#[utoipa::path(post, path = "/api/v1/policy/versions/{version}/activate", tag = "policy", security(("bearer" = [])),
    params(("version" = String, Path, description = "A number.")),
    request_body = Option<PolicyActivate>, responses(
        (status = 200, body = PolicyVersionResponse), (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument, description = "Another version is active than was expected."),
        (status = 422, body = ProblemDocument, description = "This release no longer compiles it, or a test fails now."),
    ))]
pub(crate) async fn activate(
    State(state): State<AppState>,
    AdminPerson(caller): AdminPerson,
    PathId(version): PathId<()>,
    OptionalBody(body): OptionalBody<PolicyActivate>,
) -> Result<Json<PolicyVersionResponse>, Problem> {
    let number = parse(version.as_str())?;
    let activated = state
        .policies
        .activate(&caller, number, body.expected_active, body.note)
        .await
        .map_err(|error| Pointers::none().problem(error))?;
    Ok(Json(activated.into()))
}
