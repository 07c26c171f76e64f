//! `PATCH /api/v1/webhooks/{webhook_id}`: change a webhook.

use axum::Json;
use axum::extract::State;
use civitas_governance::webhooks::WebhookPatch;
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::{Ids, WebhookResponse};
use crate::extract::{AdminPerson, Body};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// What to change of a webhook; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookUpdate {
    /// Where events are sent to.
    #[schema(max_length = 2048)]
    url: Option<String>,
    /// The types of events it gets; none means all.
    #[schema(max_items = 50)]
    types: Option<Vec<String>>,
    /// What it is for.
    #[schema(max_length = 500)]
    description: Option<String>,
    /// Whether events are sent. One that is enabled again gets what is committed from then on.
    enabled: Option<bool>,
    /// Messages under way at the same time, at most.
    #[schema(minimum = 1, maximum = 16)]
    concurrency: Option<u32>,
}

/// Change a webhook. For people with the permission `admin`.
#[utoipa::path(patch, path = "/api/v1/webhooks/{webhook_id}", tag = "webhooks", security(("bearer" = [])),
    params(("webhook_id" = String, Path)), request_body = WebhookUpdate, responses(
        (status = 200, body = WebhookResponse), (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument, description = "It changed in the meantime."),
    ))]
pub(crate) async fn update(
    State(state): State<AppState>,
    AdminPerson(caller): AdminPerson,
    ids: Ids,
    Body(body): Body<WebhookUpdate>,
) -> Result<Json<WebhookResponse>, Problem> {
    let patch = WebhookPatch {
        url: body.url,
        types: body.types,
        description: body.description,
        enabled: body.enabled,
        concurrency: body.concurrency,
    };
    let webhook = state.webhooks.update(&caller, &ids.webhook, patch).await?;
    Ok(Json(webhook.into()))
}
