//! `POST /api/v1/webhooks/{webhook_id}/replay` and `…/deliveries/{delivery_id}/replay`: send again.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use civitas_model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer::{DeliveryResponse, Ids};
use crate::extract::{Admin, Body};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// From when on to send again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayRequest {
    /// Deliveries that were planned at this time or later.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

/// What is sent again.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReplayResponse {
    /// How many deliveries.
    deliveries: usize,
    /// Whether there are more: ask again, from `through` on, once these are done.
    more: bool,
    /// When the last of them was planned.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    through: Option<Timestamp>,
}

/// Send again what was planned since a time and is not pending, delivered or not, oldest first and under the same ids; up to
/// 1000 at once. Needs the permission `admin`.
#[utoipa::path(post, path = "/api/v1/webhooks/{webhook_id}/replay", tag = "webhooks", security(("bearer" = [])),
    params(("webhook_id" = String, Path)), request_body = ReplayRequest, responses(
        (status = 202, body = ReplayResponse), (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument, description = "It is disabled."),
    ))]
pub(crate) async fn since(
    State(state): State<AppState>,
    Admin(caller): Admin,
    ids: Ids,
    Body(body): Body<ReplayRequest>,
) -> Result<(StatusCode, Json<ReplayResponse>), Problem> {
    let webhooks = &state.webhooks;
    let replayed = webhooks
        .replay_since(&caller, &ids.webhook, body.since)
        .await?;
    let answer = ReplayResponse {
        deliveries: replayed.deliveries,
        more: replayed.is_partial,
        through: replayed.through,
    };
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

/// Send one delivery again, under the same id. Needs the permission `admin`.
#[utoipa::path(post, path = "/api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay", tag = "webhooks",
    security(("bearer" = [])), params(("webhook_id" = String, Path), ("delivery_id" = String, Path)), responses(
        (status = 202, body = DeliveryResponse), (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument, description = "The webhook is disabled."),
    ))]
pub(crate) async fn one(
    State(state): State<AppState>,
    Admin(caller): Admin,
    ids: Ids,
) -> Result<(StatusCode, Json<DeliveryResponse>), Problem> {
    let webhooks = &state.webhooks;
    let delivery = webhooks
        .replay(&caller, &ids.webhook, &ids.delivery)
        .await?;
    Ok((StatusCode::ACCEPTED, Json(delivery.into())))
}
