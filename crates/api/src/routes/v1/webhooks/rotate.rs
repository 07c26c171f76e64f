//! `POST /api/v1/webhooks/{webhook_id}/rotate`: a new secret.

use axum::Json;
use axum::extract::State;

use super::answer::{Ids, WebhookResponse};
use crate::extract::AdminPerson;
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Give a webhook a new secret, which the answer shows this once. Messages are signed with the one before, too, for a day.
/// For people with the permission `admin`.
#[utoipa::path(post, path = "/api/v1/webhooks/{webhook_id}/rotate", tag = "webhooks", security(("bearer" = [])),
    params(("webhook_id" = String, Path)), responses(
        (status = 200, body = WebhookResponse), (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument),
    ))]
pub(crate) async fn rotate(
    State(state): State<AppState>,
    AdminPerson(caller): AdminPerson,
    ids: Ids,
) -> Result<Json<WebhookResponse>, Problem> {
    let webhook = state.webhooks.rotate(&caller, &ids.webhook).await?;
    Ok(Json(WebhookResponse::with_secret(webhook)))
}
