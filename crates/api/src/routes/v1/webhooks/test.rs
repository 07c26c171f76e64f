//! `POST /api/v1/webhooks/{webhook_id}/test`: a message to try a webhook with.

use axum::Json;
use axum::extract::State;

use super::answer::{DeliveryResponse, Ids};
use crate::extract::Admin;
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Send a test message (`webhook_test`) at once, and answer what came of it. It is not tried again. Needs the permission
/// `admin`.
#[utoipa::path(post, path = "/api/v1/webhooks/{webhook_id}/test", tag = "webhooks", security(("bearer" = [])),
    params(("webhook_id" = String, Path)), responses(
        (status = 200, body = DeliveryResponse), (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn test(
    State(state): State<AppState>,
    Admin(caller): Admin,
    ids: Ids,
) -> Result<Json<DeliveryResponse>, Problem> {
    let delivery = state.webhooks.test(&caller, &ids.webhook).await?;
    Ok(Json(DeliveryResponse::with_payload(delivery)))
}
