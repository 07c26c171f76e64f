//! `POST /api/v1/policy/validate`: compile and test policies without saving them.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::files::{Pointers, PolicyFile, draft};
use crate::extract::{Body, Writer};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Policies to look at.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyValidate {
    /// The tables (TOML); those that every tenant starts with when absent.
    tables: Option<String>,
    /// Files of policies (Cedar), whose names end in `.cedar`.
    #[serde(default)]
    #[schema(max_items = 64)]
    sources: Vec<PolicyFile>,
    /// Files of tests (TOML), whose names end in `test.toml`.
    #[serde(default)]
    #[schema(max_items = 64)]
    tests: Vec<PolicyFile>,
}

/// Policies that can be saved.
#[derive(Serialize, ToSchema)]
pub(crate) struct PolicyValidated {
    /// What decisions by them would name.
    fingerprint: String,
    /// How many policies there are, those made of the tables included.
    policies: usize,
    /// How many tests passed.
    tests: usize,
    /// The policies made of the tables (Cedar).
    generated: String,
}

/// Compile and test policies without saving them.
#[utoipa::path(post, path = "/api/v1/policy/validate", tag = "policy", security(("bearer" = [])),
    request_body = PolicyValidate, responses(
        (status = 200, body = PolicyValidated), (status = 401, body = ProblemDocument),
        (status = 422, body = ProblemDocument, description = "It does not compile, or a test fails; `problems` names file, line and column of each."),
    ))]
pub(crate) async fn validate(
    State(state): State<AppState>,
    _: Writer,
    Body(body): Body<PolicyValidate>,
) -> Result<Json<PolicyValidated>, Problem> {
    // Compiling keeps a core busy for a while.
    let draft = draft(body.tables, body.sources, body.tests);
    let pointers = Pointers::of(&draft);
    let compiled = state.policies.validate(draft).await;
    let compiled = compiled.map_err(|error| pointers.problem(error))?;
    Ok(Json(PolicyValidated {
        fingerprint: compiled.set.fingerprint().to_owned(),
        policies: compiled.set.len(),
        tests: compiled.tests,
        generated: compiled.set.generated_text().to_owned(),
    }))
}
