//! `GET /api/intents` and `GET /api/intents/{intent_type}`: the catalogue of what can be submitted.

use axum::Json;
use axum::extract::{Path, State};
use civitas_model::Permission;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::extract::{Authenticated, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// The catalogue.
#[derive(Serialize, ToSchema)]
pub(crate) struct Catalogue {
    intents: Vec<Intent>,
    total: usize,
}

/// An intent as the catalogue knows it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Intent {
    /// The type to submit.
    intent_type: &'static str,
    /// The realm it belongs to.
    realm: &'static str,
    /// What it does.
    description: String,
    /// The permission a caller needs.
    permission: &'static str,
    /// The key its answer appears under.
    artifact: &'static str,
    /// Further keys under which older clients read the same artifact.
    aliases: &'static [&'static str],
    /// Further types under which it may be submitted; it is recorded under its own.
    synonyms: &'static [&'static str],
    /// Events it may emit.
    events: &'static [&'static str],
    /// JSON Schema (draft 2020-12) of the parameters.
    parameters: Value,
    /// JSON Schema of the answer's payload.
    output: Value,
}

/// List every intent with its schemas.
#[utoipa::path(get, path = "/api/intents", tag = "catalogue", security(("bearer" = [])), responses(
    (status = 200, body = Catalogue),
    (status = 401, body = ProblemDocument),
    (status = 403, body = ProblemDocument),
))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Catalogue>, Problem> {
    require(&caller, Permission::Read)?;
    let mut intents = Vec::new();
    for realm in state.runtime.registry().realms() {
        let named = realm.definitions().iter();
        intents.extend(named.filter_map(|definition| find(&state, definition.name())));
    }
    Ok(Json(Catalogue {
        total: intents.len(),
        intents,
    }))
}

/// Show one intent with its schemas.
#[utoipa::path(get, path = "/api/intents/{intent_type}", tag = "catalogue", security(("bearer" = [])),
    params(("intent_type" = String, Path, description = "The intent's type.")),
    responses(
        (status = 200, body = Intent),
        (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument),
    ))]
pub(crate) async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Path(intent_type): Path<String>,
) -> Result<Json<Intent>, Problem> {
    require(&caller, Permission::Read)?;
    find(&state, &intent_type).map(Json).ok_or_else(|| {
        let nearest = state.runtime.registry().nearest(&intent_type);
        Problem::not_found("intent").with("suggestions", nearest.into())
    })
}

fn find(state: &AppState, name: &str) -> Option<Intent> {
    let registry = state.runtime.registry();
    let definition = registry.find(name)?;
    Some(Intent {
        intent_type: definition.name(),
        realm: registry.realm_of(name)?,
        description: definition.description().to_owned(),
        permission: definition.policy().permission.as_str(),
        artifact: definition.artifact(),
        aliases: definition.aliases(),
        synonyms: definition.synonyms(),
        events: definition.events(),
        parameters: definition.parameters().clone(),
        output: definition.output().clone(),
    })
}
