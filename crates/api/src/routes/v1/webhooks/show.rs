//! `GET` and `DELETE /api/v1/webhooks/{webhook_id}`: one webhook, and its end.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::answer::{Ids, WebhookResponse};
use crate::extract::{Admin, AdminPerson};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Show a webhook. Needs the permission `admin`.
#[utoipa::path(get, path = "/api/v1/webhooks/{webhook_id}", tag = "webhooks", security(("bearer" = [])),
    params(("webhook_id" = String, Path)), responses(
        (status = 200, body = WebhookResponse), (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument),
    ))]
pub(crate) async fn show(
    State(state): State<AppState>,
    Admin(caller): Admin,
    ids: Ids,
) -> Result<Json<WebhookResponse>, Problem> {
    let webhook = state.webhooks.find(&caller, &ids.webhook).await?;
    Ok(Json(webhook.into()))
}

/// Remove a webhook, with what was still to be sent. For people with the permission `admin`.
#[utoipa::path(delete, path = "/api/v1/webhooks/{webhook_id}", tag = "webhooks", security(("bearer" = [])),
    params(("webhook_id" = String, Path)), responses(
        (status = 204, description = "It is done."), (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument),
    ))]
pub(crate) async fn remove(
    State(state): State<AppState>,
    AdminPerson(caller): AdminPerson,
    ids: Ids,
) -> Result<StatusCode, Problem> {
    state.webhooks.delete(&caller, &ids.webhook).await?;
    Ok(StatusCode::NO_CONTENT)
}
