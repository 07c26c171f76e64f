//! `/api/v1/telemetry/settings`: what is kept of telemetry.

use axum::Json;
use axum::extract::State;
use civitas_governance::telemetry::TelemetrySettings;
use civitas_model::Permission;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::extract::{AdminPerson, Authenticated, Body, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// What is kept of telemetry, from when it was set on.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TelemetrySettingsDocument {
    /// Whether what people and models said is kept with the events. Not, unless somebody set it so.
    keep_texts: bool,
}

/// See what is kept of telemetry.
#[utoipa::path(get, path = "/api/v1/telemetry/settings", tag = "telemetry", security(("bearer" = [])), responses(
    (status = 200, body = TelemetrySettingsDocument), (status = 401, body = ProblemDocument),
    (status = 403, body = ProblemDocument), (status = 503, body = ProblemDocument),
))]
pub(crate) async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
) -> Result<Json<TelemetrySettingsDocument>, Problem> {
    require(&caller, Permission::Read)?;
    let TelemetrySettings { keep_texts } = state.telemetry.settings(&caller).await?;
    Ok(Json(TelemetrySettingsDocument { keep_texts }))
}

/// Set what is kept of telemetry from now on. For people with the permission `admin`.
#[utoipa::path(put, path = "/api/v1/telemetry/settings", tag = "telemetry", security(("bearer" = [])),
    request_body = TelemetrySettingsDocument, responses(
        (status = 200, body = TelemetrySettingsDocument), (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 413, body = ProblemDocument), (status = 415, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn replace(
    State(state): State<AppState>,
    AdminPerson(caller): AdminPerson,
    Body(settings): Body<TelemetrySettingsDocument>,
) -> Result<Json<TelemetrySettingsDocument>, Problem> {
    let keep_texts = settings.keep_texts;
    state
        .telemetry
        .set(&caller, TelemetrySettings { keep_texts })
        .await?;
    Ok(Json(settings))
}
