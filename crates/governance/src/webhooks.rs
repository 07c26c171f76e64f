//! Outgoing webhooks: the events of the feed, signed and sent to addresses that a tenant chose.
//!
//! What is committed is delivered at least once, its first try in the order of events. Each endpoint has a task of its
//! own with a place in the stream that is kept in storage, so that one which hangs delays no other, and a killed server
//! goes on where it was. Messages follow Standard Webhooks; calls go through [`Outbound`], which checks every address.

pub(crate) mod check;
mod courier;
mod endpoint;
pub mod signature;

use std::sync::Arc;
use std::time::Duration;

use civitas_audit::{Actor, NewEntry};
use civitas_model::{Caller, Entropy, TenantId, Timestamp};
use civitas_providers::outbound::Outbound;
use civitas_storage::{
    Changeset, CommitError, Delivery, DeliveryFilter, DeliveryStatus, Refusal, Store, Webhook,
    WebhookChange,
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::error::Error;
use crate::feed::Feed;

/// The category of audit entries about webhooks.
const CATEGORY: &str = "webhook";
/// Deliveries of a page, at most.
pub const DELIVERIES_MAX: u32 = 200;
/// Deliveries that one request replays, at most.
pub const REPLAYED_MAX: u32 = 1000;
/// How long the secret before a rotation signs beside the new one.
pub const ROTATION_OVERLAP: Duration = Duration::from_hours(24);
/// Tests under way at the same time.
const TESTS_MAX: usize = 16;
/// The type of a test's message.
const TEST: &str = "webhook_test";

/// How webhooks are tried.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// How long after its first try a delivery is tried again; later ones take longer and longer.
    pub first_delay: Duration,
    /// How long an endpoint may fail without one success before it is disabled.
    pub failing_max: Duration,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            first_delay: Duration::from_secs(5),
            failing_max: Duration::from_hours(5 * 24),
        }
    }
}

/// The webhooks of every tenant. Cheap to clone.
#[derive(Clone)]
pub struct Webhooks(Arc<Shared>);

struct Shared {
    store: Store,
    entropy: Arc<dyn Entropy>,
    outbound: Outbound,
    feed: Feed,
    schedule: Schedule,
    tests: Semaphore,
}

/// A webhook to set up.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// Where events are sent to.
    pub url: String,
    /// The types of events it gets; none means all.
    pub types: Vec<String>,
    /// What it is for.
    pub description: String,
    /// Whether events are sent at once.
    pub enabled: bool,
    /// Messages under way at the same time; 1 keeps the order.
    pub concurrency: u32,
}

/// What to change of a webhook; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct WebhookPatch {
    /// Where events are sent to.
    pub url: Option<String>,
    /// The types of events it gets.
    pub types: Option<Vec<String>>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether events are sent.
    pub enabled: Option<bool>,
    /// Messages under way at the same time.
    pub concurrency: Option<u32>,
}

/// What a replay began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replayed {
    /// How many deliveries are sent again.
    pub deliveries: usize,
    /// Whether there are more: ask again with a later time.
    pub is_partial: bool,
    /// When the last of them was planned first.
    pub through: Option<Timestamp>,
}

impl Webhooks {
    /// The webhooks in a store. They are sent as long as [`Self::run`] is polled.
    pub fn new(
        store: Store,
        entropy: Arc<dyn Entropy>,
        outbound: Outbound,
        feed: Feed,
        schedule: Schedule,
    ) -> Self {
        Self(Arc::new(Shared {
            store,
            entropy,
            outbound,
            feed,
            schedule,
            tests: Semaphore::new(TESTS_MAX),
        }))
    }

    /// Sets one up. The answer holds its secret, which is shown this once.
    pub async fn create(&self, caller: &Caller, new: NewWebhook) -> Result<Webhook, Error> {
        let now = self.0.store.clock().now();
        let id = self.0.entropy.uuid_v7(now);
        let webhook = Webhook {
            tenant_id: caller.tenant_id.clone(),
            webhook_id: format!("wh_{}", id.simple()),
            url: new.url,
            types: new.types,
            description: new.description,
            secret: signature::new_secret(self.0.entropy.as_ref()),
            previous: None,
            enabled: new.enabled,
            concurrency: new.concurrency,
            position: 0,
            revision: 1,
            failing_since: None,
            failures: 0,
            last_delivered_at: None,
            disabled_reason: None,
            created_by: caller.name.clone(),
            created_at: now,
            updated_at: now,
        };
        check::webhook(&self.0.outbound, &webhook)?;
        let change = WebhookChange::Insert(Box::new(webhook.clone()));
        let entry = self.entry(caller, "create_webhook", &webhook.webhook_id);
        self.commit(change, entry, Some(&webhook)).await?;
        let secret = webhook.secret;
        let stored = self.find(caller, &webhook.webhook_id).await?;
        Ok(Webhook { secret, ..stored })
    }

    /// A tenant's webhooks, oldest first.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<Webhook>, Error> {
        Ok(self.0.store.webhooks().list(&caller.tenant_id).await?)
    }

    /// One webhook.
    pub async fn find(&self, caller: &Caller, id: &str) -> Result<Webhook, Error> {
        let found = self.0.store.webhooks().find(&caller.tenant_id, id).await?;
        found.ok_or_else(|| {
            Error::NotFound("there is no such webhook: check its id and your tenant".to_owned())
        })
    }

    /// Changes what a patch says. One that is enabled again gets what is committed from then on.
    pub async fn update(
        &self,
        caller: &Caller,
        id: &str,
        patch: WebhookPatch,
    ) -> Result<Webhook, Error> {
        let before = self.find(caller, id).await?;
        let webhook = Webhook {
            url: patch.url.unwrap_or_else(|| before.url.clone()),
            types: patch.types.unwrap_or_else(|| before.types.clone()),
            description: patch
                .description
                .unwrap_or_else(|| before.description.clone()),
            enabled: patch.enabled.unwrap_or(before.enabled),
            concurrency: patch.concurrency.unwrap_or(before.concurrency),
            ..before
        };
        check::webhook(&self.0.outbound, &webhook)?;
        let change = WebhookChange::Update(Box::new(webhook.clone()));
        let entry = self.entry(caller, "change_webhook", id);
        self.commit(change, entry, Some(&webhook)).await?;
        self.find(caller, id).await
    }

    /// Removes one, with what was still to be sent.
    pub async fn delete(&self, caller: &Caller, id: &str) -> Result<(), Error> {
        let change = WebhookChange::Delete {
            tenant_id: caller.tenant_id.clone(),
            webhook_id: id.to_owned(),
        };
        let entry = self.entry(caller, "remove_webhook", id);
        self.commit(change, entry, None).await
    }

    /// Gives one a new secret, which the answer shows this once. The one before signs too for a day.
    pub async fn rotate(&self, caller: &Caller, id: &str) -> Result<Webhook, Error> {
        let secret = signature::new_secret(self.0.entropy.as_ref());
        let change = WebhookChange::Rotate {
            tenant_id: caller.tenant_id.clone(),
            webhook_id: id.to_owned(),
            secret: secret.clone(),
            previous_until: self.0.store.clock().now().plus(ROTATION_OVERLAP),
        };
        let entry = self.entry(caller, "rotate_webhook", id);
        self.commit(change, entry, None).await?;
        let stored = self.find(caller, id).await?;
        Ok(Webhook { secret, ..stored })
    }

    /// Sends a test at once, and answers what came of it. It is not tried again.
    pub async fn test(&self, caller: &Caller, id: &str) -> Result<Delivery, Error> {
        let webhook = self.find(caller, id).await?;
        let _permit = self.0.tests.try_acquire().map_err(|_| {
            Error::Unavailable("too many tests are under way: try again".to_owned())
        })?;
        let now = self.0.store.clock().now();
        let body = json!({
            "type": TEST,
            "data": { "webhook_id": id, "asked_by": caller.name },
            "timestamp": now,
            "seq": 0,
        });
        let mut delivery = self.delivery(&webhook, 0, TEST, body.to_string());
        let attempt = self.attempt(&webhook, &delivery).await;
        let is_taken = courier::is_taken(&attempt);
        delivery.status = if is_taken {
            DeliveryStatus::Delivered
        } else {
            DeliveryStatus::Dead
        };
        (delivery.tries, delivery.attempts) = (1, 1);
        delivery.next_try_at = None;
        delivery.log.push(attempt);
        let entry = self.entry(caller, "test_webhook", id);
        let change = WebhookChange::Keep(Box::new(delivery.clone()));
        self.commit(change, entry, None).await?;
        self.find_delivery(caller, id, &delivery.delivery_id).await
    }

    /// A page of a webhook's deliveries, newest first.
    pub async fn deliveries(
        &self,
        caller: &Caller,
        id: &str,
        filter: &DeliveryFilter,
        limit: u32,
    ) -> Result<Vec<Delivery>, Error> {
        self.find(caller, id).await?;
        let webhooks = self.0.store.webhooks();
        let limit = limit.min(DELIVERIES_MAX);
        Ok(webhooks
            .deliveries(&caller.tenant_id, id, filter, limit)
            .await?)
    }

    /// One delivery.
    pub async fn find_delivery(
        &self,
        caller: &Caller,
        id: &str,
        delivery: &str,
    ) -> Result<Delivery, Error> {
        let webhooks = self.0.store.webhooks();
        let found = webhooks.delivery(&caller.tenant_id, id, delivery).await?;
        found.ok_or_else(|| {
            let detail = "there is no such delivery: check its id, and that it is not too old";
            Error::NotFound(detail.to_owned())
        })
    }

    /// Sends one delivery again, under the same id.
    pub async fn replay(
        &self,
        caller: &Caller,
        id: &str,
        delivery: &str,
    ) -> Result<Delivery, Error> {
        self.find_delivery(caller, id, delivery).await?;
        self.replay_all(caller, id, vec![delivery.to_owned()])
            .await?;
        self.find_delivery(caller, id, delivery).await
    }

    /// Sends again what was planned since a time and is not pending, oldest first.
    pub async fn replay_since(
        &self,
        caller: &Caller,
        id: &str,
        since: Timestamp,
    ) -> Result<Replayed, Error> {
        self.find(caller, id).await?;
        let webhooks = self.0.store.webhooks();
        let tenant = &caller.tenant_id;
        let mut found = webhooks
            .finished_since(tenant, id, since, REPLAYED_MAX + 1)
            .await?;
        let is_partial = found.len() > REPLAYED_MAX as usize;
        found.truncate(REPLAYED_MAX as usize);
        let through = match found.last() {
            Some(last) => Some(self.find_delivery(caller, id, last).await?.created_at),
            None => None,
        };
        let deliveries = found.len();
        if deliveries > 0 {
            self.replay_all(caller, id, found).await?;
        }
        Ok(Replayed {
            deliveries,
            is_partial,
            through,
        })
    }

    async fn replay_all(
        &self,
        caller: &Caller,
        id: &str,
        deliveries: Vec<String>,
    ) -> Result<(), Error> {
        let entry = self.entry(caller, "replay_webhook", id).with_body(
            &json!({ "deliveries": deliveries }),
            self.0.entropy.as_ref(),
        );
        let change = WebhookChange::Replay {
            tenant_id: caller.tenant_id.clone(),
            webhook_id: id.to_owned(),
            deliveries,
        };
        self.commit(change, entry, None).await
    }

    fn delivery(&self, webhook: &Webhook, seq: u64, kind: &str, body: String) -> Delivery {
        let now = self.0.store.clock().now();
        let id = self.0.entropy.uuid_v7(now);
        Delivery {
            tenant_id: webhook.tenant_id.clone(),
            delivery_id: format!("msg_{}", id.simple()),
            webhook_id: webhook.webhook_id.clone(),
            seq,
            kind: kind.to_owned(),
            body,
            status: DeliveryStatus::Pending,
            tries: 0,
            attempts: 0,
            log: Vec::new(),
            next_try_at: Some(now),
            created_at: now,
            finished_at: None,
        }
    }

    fn entry(&self, caller: &Caller, action: &str, id: &str) -> NewEntry {
        self.entry_of(&caller.tenant_id, caller.into(), action, id)
    }

    fn entry_of(&self, tenant: &TenantId, actor: Actor, action: &str, id: &str) -> NewEntry {
        let (clock, entropy) = (self.0.store.clock().as_ref(), self.0.entropy.as_ref());
        NewEntry::new(clock, entropy, tenant, actor, CATEGORY, action).on("webhook", id)
    }

    async fn commit(
        &self,
        change: WebhookChange,
        entry: NewEntry,
        becomes: Option<&Webhook>,
    ) -> Result<(), Error> {
        let entry = match becomes {
            Some(webhook) => entry.with_body(&definition(webhook), self.0.entropy.as_ref()),
            None => entry,
        };
        let changeset = Changeset::new().with(change).with(entry);
        match self.0.store.commit(changeset).await {
            Err(CommitError::Refused(Refusal::Changed { what })) => Err(Error::Conflict(format!(
                "{what} changed in the meantime: read it again, and decide again"
            ))),
            outcome => Ok(outcome.map(drop)?),
        }
    }
}

/// What the audit log keeps of a webhook. Queries and paths often hold tokens, so only the place is kept.
fn definition(webhook: &Webhook) -> Value {
    let url = url::Url::parse(&webhook.url).map(|url| url.origin().ascii_serialization());
    json!({
        "origin": url.unwrap_or_default(),
        "types": webhook.types,
        "description": webhook.description,
        "enabled": webhook.enabled,
        "concurrency": webhook.concurrency,
    })
}

#[cfg(test)]
mod tests;
