//! `POST` and `GET /api/v1/webhooks`: set a webhook up, and list them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use civitas_governance::webhooks::NewWebhook;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer::WebhookResponse;
use crate::extract::{Admin, AdminPerson, Body};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// A webhook to set up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookCreate {
    /// Where events are sent to: an `https` URL of a public address.
    #[schema(max_length = 2048)]
    url: String,
    /// The types of events it gets, such as `rbac_decision`; none means all.
    #[serde(default)]
    #[schema(max_items = 50)]
    types: Vec<String>,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 500)]
    description: String,
    /// Whether events are sent at once; yes, when absent.
    enabled: Option<bool>,
    /// Messages under way at the same time, at most; 1 when absent, so that first tries arrive in order.
    #[schema(minimum = 1, maximum = 16)]
    concurrency: Option<u32>,
}

/// A tenant's webhooks.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookList {
    webhooks: Vec<WebhookResponse>,
}

/// Set a webhook up. It gets what is committed from then on; the answer shows its secret, this once. For people with the permission
/// `admin`.
#[utoipa::path(post, path = "/api/v1/webhooks", tag = "webhooks", security(("bearer" = [])),
    request_body = WebhookCreate, responses(
        (status = 201, body = WebhookResponse), (status = 401, body = ProblemDocument),
        (status = 409, body = ProblemDocument, description = "There are too many."),
    ))]
pub(crate) async fn create(
    State(state): State<AppState>,
    AdminPerson(caller): AdminPerson,
    Body(body): Body<WebhookCreate>,
) -> Result<(StatusCode, Json<WebhookResponse>), Problem> {
    let new = NewWebhook {
        url: body.url,
        types: body.types,
        description: body.description,
        enabled: body.enabled.unwrap_or(true),
        concurrency: body.concurrency.unwrap_or(1),
    };
    let webhook = state.webhooks.create(&caller, new).await?;
    let answer = WebhookResponse::with_secret(webhook);
    Ok((StatusCode::CREATED, Json(answer)))
}

/// List the tenant's webhooks, oldest first. Needs the permission `admin`.
#[utoipa::path(get, path = "/api/v1/webhooks", tag = "webhooks", security(("bearer" = [])),
    responses((status = 200, body = WebhookList), (status = 401, body = ProblemDocument)))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Admin(caller): Admin,
) -> Result<Json<WebhookList>, Problem> {
    let webhooks = state.webhooks.list(&caller).await?;
    let webhooks = webhooks.into_iter().map(Into::into).collect();
    Ok(Json(WebhookList { webhooks }))
}
