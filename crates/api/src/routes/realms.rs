//! `GET /api/realms`: the realms and their intents.

use axum::Json;
use axum::extract::State;
use civitas_intent::Definition;
use civitas_model::Permission;
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::{Authenticated, NoParams, Params, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// The realms.
#[derive(Serialize, ToSchema)]
pub(crate) struct Realms {
    realms: Vec<Realm>,
    total: usize,
    realm_names: Vec<&'static str>,
}

/// A realm: a bounded context of the domain.
#[derive(Serialize, ToSchema)]
struct Realm {
    name: &'static str,
    description: &'static str,
    /// How many intents it has.
    intents_supported: usize,
    /// Their types.
    intents: Vec<&'static str>,
}

/// List the realms with their intents.
#[utoipa::path(get, path = "/api/realms", tag = "catalogue", security(("bearer" = [])), responses(
    (status = 200, body = Realms),
    (status = 401, body = ProblemDocument),
    (status = 403, body = ProblemDocument),
    (status = 422, body = ProblemDocument),
))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Params(NoParams {}): Params<NoParams>,
) -> Result<Json<Realms>, Problem> {
    require(&caller, Permission::Read)?;
    let realms: Vec<Realm> = state
        .runtime
        .registry()
        .realms()
        .iter()
        .map(|realm| Realm {
            name: realm.name(),
            description: realm.description(),
            intents_supported: realm.definitions().len(),
            intents: realm.definitions().iter().map(Definition::name).collect(),
        })
        .collect();
    let realm_names = realms.iter().map(|realm| realm.name).collect();
    Ok(Json(Realms {
        total: realms.len(),
        realms,
        realm_names,
    }))
}
