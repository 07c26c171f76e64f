//! One try of a delivery, and what follows it.

use std::time::{Duration, Instant};

use civitas_audit::Actor;
use civitas_model::Timestamp;
use civitas_storage::{
    Attempt, Attempted, Changeset, CommitError, Delivery, Refusal, Verdict, Webhook, WebhookChange,
};
use serde_json::json;

use super::{Webhooks, signature};

/// Tries of one delivery, at most.
pub(super) const TRIES_MAX: u32 = 12;
/// Each wait is so many times as long as the one before, in tenths. From 5 s on, eleven waits make 64 hours.
const FACTOR_TENTHS: u64 = 28;
/// The endpoint is gone for good (RFC 9110 section 15.5.11); Standard Webhooks asks to stop then.
const GONE: u16 = 410;

/// Whether the endpoint took it.
pub(super) fn is_taken(attempt: &Attempt) -> bool {
    attempt
        .status
        .is_some_and(|status| (200..300).contains(&status))
}

/// How long to wait after so many tries, with up to a tenth more or less: endpoints that failed together are not called
/// together.
fn delay(first: Duration, tries: u32, fraction: f64) -> Duration {
    let mut delay = first;
    for _ in 1..tries.min(TRIES_MAX) {
        let tenths = u32::try_from(FACTOR_TENTHS).unwrap_or(u32::MAX);
        delay = delay.saturating_mul(tenths) / 10;
    }
    delay.mul_f64(0.9 + 0.2 * fraction)
}

impl Webhooks {
    /// Sends a delivery once.
    pub(super) async fn attempt(&self, webhook: &Webhook, delivery: &Delivery) -> Attempt {
        let at = self.0.store.clock().now();
        let mut attempt = Attempt {
            number: delivery.attempts + 1,
            at,
            duration_ms: 0,
            status: None,
            error: None,
            answer: String::new(),
        };
        let seconds = at.as_micros() / 1_000_000;
        let previous = webhook.previous.as_ref();
        let previous = previous.filter(|(_, until)| at < *until);
        let secrets = std::iter::once(&webhook.secret).chain(previous.map(|(secret, _)| secret));
        let id = &delivery.delivery_id;
        let signature = match signature::sign(secrets, id, seconds, delivery.body.as_bytes()) {
            Ok(signature) => signature,
            Err(error) => {
                attempt.error = Some(error.to_string());
                return attempt;
            }
        };
        let headers = [
            ("webhook-id", id.clone()),
            ("webhook-timestamp", seconds.to_string()),
            ("webhook-signature", signature),
        ];
        let started = Instant::now();
        let body = delivery.body.clone().into();
        match self.0.outbound.post(&webhook.url, &headers, body).await {
            Ok(answer) => {
                attempt.status = Some(answer.status);
                attempt.answer = answer.excerpt;
                if !is_taken(&attempt) {
                    let why = if (300..400).contains(&answer.status) {
                        "redirects are not followed: set the final URL"
                    } else {
                        "the endpoint did not answer 2xx"
                    };
                    attempt.error = Some(why.to_owned());
                }
            }
            Err(error) => attempt.error = Some(error.to_string()),
        }
        attempt.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        attempt
    }

    /// Sends a delivery once and records what came of it.
    pub(super) async fn deliver(
        &self,
        webhook: &Webhook,
        delivery: &Delivery,
    ) -> Result<(), CommitError> {
        let attempt = self.attempt(webhook, delivery).await;
        let now = self.0.store.clock().now();
        let tries = delivery.tries + 1;
        let is_gone = attempt.status == Some(GONE);
        let verdict = if is_taken(&attempt) {
            Verdict::Delivered
        } else if tries >= TRIES_MAX || is_gone {
            Verdict::Dead
        } else {
            let wait = delay(
                self.0.schedule.first_delay,
                tries,
                self.0.entropy.fraction(),
            );
            Verdict::Again(now.plus(wait))
        };
        let outcome = match verdict {
            Verdict::Delivered => "delivered",
            Verdict::Again(_) => "failed",
            Verdict::Dead => "dead",
        };
        metrics::counter!("civitas_webhook_attempts_total", "outcome" => outcome).increment(1);
        let attempted = WebhookChange::Attempted(Box::new(Attempted {
            tenant_id: delivery.tenant_id.clone(),
            webhook_id: delivery.webhook_id.clone(),
            delivery_id: delivery.delivery_id.clone(),
            tries: delivery.tries,
            attempt,
            verdict,
        }));
        settled(self.0.store.commit(Changeset::new().with(attempted)).await)?;
        if verdict != Verdict::Delivered
            && let Some(reason) = self.gives_up(webhook, is_gone, now)
        {
            self.disable(webhook, reason).await?;
        }
        Ok(())
    }

    /// Why nothing more is sent, when that is so.
    fn gives_up(&self, webhook: &Webhook, is_gone: bool, now: Timestamp) -> Option<String> {
        if is_gone {
            return Some("the endpoint answered 410: it is gone".to_owned());
        }
        let since = webhook.failing_since?;
        let failing_max = self.0.schedule.failing_max;
        (since.plus(failing_max) <= now).then(|| format!("every try failed since {since}"))
    }

    async fn disable(&self, webhook: &Webhook, reason: String) -> Result<(), CommitError> {
        let (tenant, id) = (&webhook.tenant_id, &webhook.webhook_id);
        tracing::warn!(webhook_id = %id, %reason, "a webhook is disabled");
        let entry = self
            .entry_of(tenant, Actor::system("webhooks"), "disable_webhook", id)
            .with_body(&json!({ "reason": reason }), self.0.entropy.as_ref());
        let change = WebhookChange::Disable {
            tenant_id: tenant.clone(),
            webhook_id: id.clone(),
            reason,
        };
        let changeset = Changeset::new().with(change).with(entry);
        settled(self.0.store.commit(changeset).await)
    }
}

/// A webhook that was removed or disabled meanwhile has nothing to record.
fn settled<T>(outcome: Result<T, CommitError>) -> Result<(), CommitError> {
    match outcome {
        Ok(_) | Err(CommitError::Refused(Refusal::Changed { .. } | Refusal::NotFound { .. })) => {
            Ok(())
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_tries_take_between_two_and_three_days() {
        let sum = |fraction| -> Duration {
            let delays = (1..TRIES_MAX).map(|tries| delay(Duration::from_secs(5), tries, fraction));
            delays.sum()
        };
        assert!(sum(0.0) > Duration::from_hours(48), "{:?}", sum(0.0));
        assert!(sum(1.0) < Duration::from_hours(72), "{:?}", sum(1.0));
        let second = delay(Duration::from_secs(5), 1, 0.5);
        assert!(second.abs_diff(Duration::from_secs(5)) < Duration::from_micros(1));
    }
}
