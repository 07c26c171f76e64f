//! Webhooks and deliveries as they are answered, and the ids in their paths.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use civitas_model::Timestamp;
use civitas_storage::{Attempt, Delivery, Webhook};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::problem::Problem;

/// The longest id of ours.
const ID_LENGTH_MAX: usize = 64;

/// The ids in a path. One that cannot be ours names nothing, so it is not found.
pub(crate) struct Ids {
    pub(crate) webhook: String,
    /// Empty where the path has none.
    pub(crate) delivery: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Ids {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(mut segments) = Path::<HashMap<String, String>>::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::not_found("webhook"))?;
        let mut take = |name| segments.remove(name).unwrap_or_default();
        let (webhook, delivery) = (take("webhook_id"), take("delivery_id"));
        let is_ours = |id: &String| {
            let fits = |char: char| char.is_ascii_alphanumeric() || char == '_';
            id.len() <= ID_LENGTH_MAX && id.chars().all(fits)
        };
        if !is_ours(&webhook) || !is_ours(&delivery) {
            return Err(Problem::not_found("webhook"));
        }
        Ok(Self { webhook, delivery })
    }
}

/// A webhook.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookResponse {
    /// Its id.
    webhook_id: String,
    /// Where events are sent to.
    url: String,
    /// The types of events it gets; none means all.
    types: Vec<String>,
    /// What it is for.
    description: String,
    /// What to check messages with, `whsec_…`. Shown once: in the answer that made or rotated it.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// Until when messages are signed with the secret before the last rotation, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    previous_secret_until: Option<Timestamp>,
    /// Whether events are sent.
    enabled: bool,
    /// `active`, `failing` (its newest try failed) or `disabled`.
    state: &'static str,
    /// Messages under way at the same time, at most. With 1, first tries arrive in order.
    concurrency: u32,
    /// Since when every try failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    failing_since: Option<Timestamp>,
    /// How many tries in a row failed.
    failures: u64,
    /// When a message was last taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    last_delivered_at: Option<Timestamp>,
    /// Why it was disabled by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_reason: Option<String>,
    /// Who made it.
    created_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When its definition last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl WebhookResponse {
    /// With its secret, which is not shown again.
    pub(crate) fn with_secret(webhook: Webhook) -> Self {
        let secret = Some(webhook.secret.reveal().to_owned());
        Self {
            secret,
            ..webhook.into()
        }
    }
}

impl From<Webhook> for WebhookResponse {
    fn from(webhook: Webhook) -> Self {
        let state = match (webhook.enabled, webhook.failing_since) {
            (false, _) => "disabled",
            (true, Some(_)) => "failing",
            (true, None) => "active",
        };
        Self {
            webhook_id: webhook.webhook_id,
            url: webhook.url,
            types: webhook.types,
            description: webhook.description,
            secret: None,
            previous_secret_until: webhook.previous.map(|(_, until)| until),
            enabled: webhook.enabled,
            state,
            concurrency: webhook.concurrency,
            failing_since: webhook.failing_since,
            failures: webhook.failures,
            last_delivered_at: webhook.last_delivered_at,
            disabled_reason: webhook.disabled_reason,
            created_by: webhook.created_by,
            created_at: webhook.created_at,
            updated_at: webhook.updated_at,
        }
    }
}

/// One try of a delivery.
#[derive(Serialize, ToSchema)]
pub(crate) struct AttemptResponse {
    /// Its number within the delivery, from 1.
    number: u32,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// How long it took, in milliseconds.
    duration_ms: u64,
    /// The HTTP status of the answer, when there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// What failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// How the answer's body begins.
    answer: String,
}

impl From<Attempt> for AttemptResponse {
    fn from(attempt: Attempt) -> Self {
        Self {
            number: attempt.number,
            at: attempt.at,
            duration_ms: attempt.duration_ms,
            status: attempt.status,
            error: attempt.error,
            answer: attempt.answer,
        }
    }
}

/// One message to one endpoint, and what became of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeliveryResponse {
    /// Its id: the `webhook-id` of every try.
    delivery_id: String,
    /// To which webhook.
    webhook_id: String,
    /// The event's number; 0 for a test.
    seq: u64,
    /// The event's type.
    r#type: String,
    /// `pending`, `delivered` or `dead`.
    status: &'static str,
    /// All tries.
    attempts: u32,
    /// The newest tries, oldest first.
    log: Vec<AttemptResponse>,
    /// When it is tried next, while it is pending.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    next_try_at: Option<Timestamp>,
    /// When it was planned.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was taken or given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
    /// What is sent; only where one delivery is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    payload: Option<Value>,
}

impl DeliveryResponse {
    /// With what is sent.
    pub(crate) fn with_payload(delivery: Delivery) -> Self {
        let payload = serde_json::from_str(&delivery.body).ok();
        Self {
            payload,
            ..delivery.into()
        }
    }
}

impl From<Delivery> for DeliveryResponse {
    fn from(delivery: Delivery) -> Self {
        Self {
            delivery_id: delivery.delivery_id,
            webhook_id: delivery.webhook_id,
            seq: delivery.seq,
            r#type: delivery.kind,
            status: delivery.status.as_str(),
            attempts: delivery.attempts,
            log: delivery.log.into_iter().map(Into::into).collect(),
            next_try_at: delivery.next_try_at,
            created_at: delivery.created_at,
            finished_at: delivery.finished_at,
            payload: None,
        }
    }
}
