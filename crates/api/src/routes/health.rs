//! `GET /health`: whether the server and its stores work.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::state::AppState;

/// How long a store may take before it counts as down.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the server and its stores work.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `healthy` or `unhealthy`.
    status: &'static str,
    /// `civitas`.
    service: &'static str,
    /// The version.
    version: &'static str,
    /// How many realms are registered.
    realms: usize,
    /// `connected` or `disconnected`.
    database: &'static str,
    /// `operational`.
    api: &'static str,
    /// Facts about the parts.
    components: Value,
}

/// Say whether the server and its stores work.
#[utoipa::path(get, path = "/health", tag = "health", responses(
    (status = 200, body = Health, description = "Everything works."),
    (status = 503, body = Health, description = "A store is down, or took no writes when it was last asked to."),
))]
pub(crate) async fn show(State(state): State<AppState>) -> (StatusCode, Json<Health>) {
    let reading = tokio::time::timeout(PATIENCE, state.store.records().last_change()).await;
    let last_change = reading.ok().and_then(Result::ok);
    let (ready, running) = state.runtime.depth();
    let applied = state.search.applied_position();
    // The reason is in the log; it may name what is nobody else's business.
    let writable = state.store.trouble().is_none();
    let works = last_change.is_some() && writable;
    let health = Health {
        status: if works { "healthy" } else { "unhealthy" },
        service: "civitas",
        version: env!("CARGO_PKG_VERSION"),
        realms: state.runtime.registry().realms().len(),
        database: if last_change.is_some() {
            "connected"
        } else {
            "disconnected"
        },
        api: "operational",
        components: json!({
            "database": { "backend": state.store.backend().as_str() },
            "engine": { "ready": ready, "running": running },
            "search": {
                "records": state.search.record_count(),
                "applied": applied,
                "behind": last_change.unwrap_or(applied).saturating_sub(applied),
            },
        }),
    };
    let status = if works {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(health))
}

/// The same under the path older clients ask.
#[utoipa::path(get, path = "/api/health", tag = "health", responses(
    (status = 200, body = Health, description = "Everything works."),
    (status = 503, body = Health, description = "A store is down, or took no writes when it was last asked to."),
))]
pub(crate) async fn show_api(state: State<AppState>) -> (StatusCode, Json<Health>) {
    show(state).await
}
