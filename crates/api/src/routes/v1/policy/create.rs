//! `POST /api/v1/policy/versions`: save policies.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use civitas_governance::policies::Save;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::files::{Pointers, PolicyFile, draft};
use crate::extract::{AdminPerson, Body};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Policies to save.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyVersionCreate {
    /// The tables (TOML); those that every tenant starts with when absent.
    tables: Option<String>,
    /// Files of policies (Cedar), whose names end in `.cedar`.
    #[serde(default)]
    #[schema(max_items = 64)]
    sources: Vec<PolicyFile>,
    /// Files of tests (TOML), whose names end in `test.toml`; all of them must pass.
    #[serde(default)]
    #[schema(max_items = 64)]
    tests: Vec<PolicyFile>,
    /// Why, for whoever reads it later.
    #[serde(default)]
    #[schema(max_length = 1000)]
    note: String,
    /// The version that this was made from, `base` of the list of versions; needed once there is any.
    based_on: Option<u64>,
    /// Whether it decides from now on.
    #[serde(default)]
    activate: bool,
}

/// A version that was saved.
#[derive(Serialize, ToSchema)]
pub(crate) struct PolicyVersionSaved {
    version: u64,
    fingerprint: String,
    based_on: u64,
    /// Whether it decides now.
    active: bool,
    /// How many policies it has, those made of the tables included.
    policies: usize,
    /// How many tests passed.
    tests: usize,
}

/// Save policies as a version, if they compile and all their tests pass. Needs a person who administers.
#[utoipa::path(post, path = "/api/v1/policy/versions", tag = "policy", security(("bearer" = [])),
    request_body = PolicyVersionCreate, responses(
        (status = 201, body = PolicyVersionSaved), (status = 401, body = ProblemDocument),
        (status = 409, body = ProblemDocument, description = "Another version was saved or activated since the one it was made from."),
        (status = 422, body = ProblemDocument, description = "It does not compile, or a test fails; `problems` names file, line and column of each."),
    ))]
pub(crate) async fn create(
    State(state): State<AppState>,
    AdminPerson(caller): AdminPerson,
    Body(body): Body<PolicyVersionCreate>,
) -> Result<(StatusCode, Json<PolicyVersionSaved>), Problem> {
    let draft = draft(body.tables, body.sources, body.tests);
    let pointers = Pointers::of(&draft);
    let save = Save {
        draft,
        note: body.note,
        based_on: body.based_on,
        activate: body.activate,
    };
    let saved = state.policies.save(&caller, save).await;
    let saved = saved.map_err(|error| pointers.problem(error))?;
    let answer = PolicyVersionSaved {
        version: saved.version.number,
        fingerprint: saved.version.fingerprint,
        based_on: saved.version.based_on,
        active: body.activate,
        policies: saved.policies,
        tests: saved.tests,
    };
    Ok((StatusCode::CREATED, Json(answer)))
}
