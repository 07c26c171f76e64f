//! `GET /api/v1/webhooks/{webhook_id}/deliveries`: what was sent, and what became of it.

use axum::Json;
use axum::extract::State;
use civitas_model::Timestamp;
use civitas_storage::{Delivery, DeliveryFilter, DeliveryStatus};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answer::{DeliveryResponse, Ids};
use crate::extract::{Admin, Params};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Deliveries per page, unless asked otherwise.
const PAGE: u32 = 50;

/// Which deliveries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeliveryQuery {
    /// Only those that are `pending`, `delivered` or `dead`.
    status: Option<String>,
    /// Only events of this type.
    r#type: Option<String>,
    /// Where the page before ended: its `next_cursor`.
    cursor: Option<String>,
    /// At most this many; 50 when absent.
    #[param(maximum = 199, minimum = 1)]
    limit: Option<u32>,
}

/// A page of deliveries, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeliveryPage {
    deliveries: Vec<DeliveryResponse>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl DeliveryQuery {
    fn filter(self) -> Result<DeliveryFilter, Problem> {
        let status = match self.status.as_deref().map(DeliveryStatus::parse) {
            None => None,
            Some(Some(status)) => Some(status),
            Some(None) => {
                let detail = "must be `pending`, `delivered` or `dead`";
                return Err(Problem::invalid("/status", detail));
            }
        };
        let place = |cursor: &str| {
            let (at, id) = cursor.split_once('.')?;
            Some((Timestamp::from_micros(at.parse().ok()?), id.to_owned()))
        };
        let before = match self.cursor.as_deref().map(place) {
            Some(None) => {
                let detail = "must be the `next_cursor` of a page";
                return Err(Problem::invalid("/cursor", detail));
            }
            place => place.flatten(),
        };
        Ok(DeliveryFilter {
            status,
            kind: self.r#type,
            before,
        })
    }
}

fn cursor(delivery: &Delivery) -> String {
    let at = delivery.created_at.as_micros();
    format!("{at}.{}", delivery.delivery_id)
}

/// List a webhook's deliveries, newest first. What is finished is kept for 14 days. Needs the permission `admin`.
#[utoipa::path(get, path = "/api/v1/webhooks/{webhook_id}/deliveries", tag = "webhooks", security(("bearer" = [])),
    params(("webhook_id" = String, Path), DeliveryQuery), responses(
        (status = 200, body = DeliveryPage), (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument),
    ))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Admin(caller): Admin,
    ids: Ids,
    Params(query): Params<DeliveryQuery>,
) -> Result<Json<DeliveryPage>, Problem> {
    let limit = query.limit.unwrap_or(PAGE).clamp(1, 199);
    let filter = query.filter()?;
    // One more shows whether there is another page.
    let webhooks = &state.webhooks;
    let mut found = webhooks
        .deliveries(&caller, &ids.webhook, &filter, limit + 1)
        .await?;
    let limit = limit as usize;
    let more = found.len() > limit;
    found.truncate(limit);
    Ok(Json(DeliveryPage {
        next_cursor: found.last().filter(|_| more).map(cursor),
        deliveries: found.into_iter().map(Into::into).collect(),
    }))
}

/// Show a delivery with what is sent. Needs the permission `admin`.
#[utoipa::path(get, path = "/api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}", tag = "webhooks",
    security(("bearer" = [])), params(("webhook_id" = String, Path), ("delivery_id" = String, Path)), responses(
        (status = 200, body = DeliveryResponse), (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument),
    ))]
pub(crate) async fn show(
    State(state): State<AppState>,
    Admin(caller): Admin,
    ids: Ids,
) -> Result<Json<DeliveryResponse>, Problem> {
    let webhooks = &state.webhooks;
    let delivery = webhooks
        .find_delivery(&caller, &ids.webhook, &ids.delivery)
        .await?;
    Ok(Json(DeliveryResponse::with_payload(delivery)))
}
