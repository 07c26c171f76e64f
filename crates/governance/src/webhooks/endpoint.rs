//! The tasks that send: one for each endpoint, so that none waits for another.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use civitas_model::TenantId;
use civitas_storage::{
    Changeset, Delivery, Notice, Notices, Plan, Published, SqlError, Webhook, WebhookChange,
};
use tokio::sync::{Notify, watch};
use tokio::task::{AbortHandle, JoinSet};

use super::Webhooks;
use crate::error::Error;
use crate::feed::render;

/// Deliveries of one endpoint that wait, at most. Beyond it the stream is not read further until some are done.
const QUEUE_MAX: u64 = 10_000;
/// Events looked at in one go.
const PAGE: u32 = 256;
/// Events that did not match, after which the place in the stream is kept all the same.
const UNKEPT_MAX: u64 = 1000;
/// How long to wait after storage failed.
const RETRY_DELAY: Duration = Duration::from_secs(1);
/// Longest time without a look, against clocks that jump.
const LOOK_INTERVAL: Duration = Duration::from_mins(1);

type Key = (TenantId, String);

/// The tasks that run, and how each is woken.
type Running = HashMap<Key, (Arc<Notify>, AbortHandle)>;

impl Webhooks {
    /// Sends until the store is closed: keeps a task for every webhook that is enabled.
    pub async fn run(self) {
        let mut notices = self.0.store.subscribe();
        let mut tasks = JoinSet::new();
        let mut running = Running::new();
        loop {
            if let Err(error) = self.start_missing(&mut tasks, &mut running).await {
                tracing::warn!(%error, "webhooks cannot be read; it is tried again");
                tokio::time::sleep(RETRY_DELAY).await;
                continue;
            }
            if !heard_of_webhooks(&mut notices, &mut tasks, &mut running).await {
                return;
            }
        }
    }

    async fn start_missing(
        &self,
        tasks: &mut JoinSet<()>,
        running: &mut Running,
    ) -> Result<(), SqlError> {
        for key in self.0.store.webhooks().enabled().await? {
            if let Entry::Vacant(place) = running.entry(key) {
                let wake = Arc::new(Notify::new());
                let key = place.key().clone();
                let endpoint = Endpoint::new(self.clone(), key, Arc::clone(&wake));
                place.insert((wake, tasks.spawn(endpoint.run())));
            }
        }
        Ok(())
    }
}

/// Waits until a webhook changed or a task ended; false once the store is closed.
async fn heard_of_webhooks(
    notices: &mut Notices,
    tasks: &mut JoinSet<()>,
    running: &mut Running,
) -> bool {
    loop {
        tokio::select! {
            heard = notices.next() => match heard {
                None => return false,
                Some(None) => {
                    for (wake, _) in running.values() {
                        wake.notify_one();
                    }
                    return true;
                }
                Some(Some(batch)) => {
                    let mut is_ours = false;
                    for notice in batch.iter() {
                        if let Notice::Webhook { tenant_id, webhook_id } = notice {
                            is_ours = true;
                            let key = (tenant_id.clone(), webhook_id.clone());
                            if let Some((wake, _)) = running.get(&key) {
                                wake.notify_one();
                            }
                        }
                    }
                    if is_ours {
                        return true;
                    }
                }
            },
            Some(_) = tasks.join_next() => {
                running.retain(|_, (_, task)| !task.is_finished());
                return true;
            }
        }
    }
}

/// What sends to one endpoint.
struct Endpoint {
    webhooks: Webhooks,
    key: Key,
    wake: Arc<Notify>,
    /// Hears that something of the tenant was committed.
    news: watch::Receiver<u64>,
    /// The number of the last event that was looked at; storage may know an older one.
    looked: u64,
    /// What is under way: first tries, which keep their order, and others.
    first: HashSet<String>,
    again: HashSet<String>,
    flying: JoinSet<String>,
}

impl Endpoint {
    fn new(webhooks: Webhooks, key: Key, wake: Arc<Notify>) -> Self {
        let news = webhooks.0.feed.follow(&key.0);
        Self {
            webhooks,
            key,
            wake,
            news,
            looked: 0,
            first: HashSet::new(),
            again: HashSet::new(),
            flying: JoinSet::new(),
        }
    }

    /// Sends until the webhook is disabled or removed.
    async fn run(mut self) {
        loop {
            self.news.mark_unchanged();
            let wait = match self.turn().await {
                Ok(Some(wait)) => wait,
                Ok(None) => return,
                Err(error) => {
                    tracing::warn!(webhook_id = %self.key.1, %error, "a webhook waits for storage");
                    RETRY_DELAY
                }
            };
            tokio::select! {
                // The feed lives as long as its tenants are followed.
                Ok(()) = self.news.changed() => {}
                () = self.wake.notified() => {}
                Some(ended) = self.flying.join_next() => self.landed(ended.ok()),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    fn landed(&mut self, delivery: Option<String>) {
        if let Some(delivery) = delivery {
            self.first.remove(&delivery);
            self.again.remove(&delivery);
        }
        // One that ended otherwise did not say which it was.
        if self.flying.is_empty() {
            self.first.clear();
            self.again.clear();
        }
    }

    /// Plans what is new and sends what is due; answers how long to wait, or nothing when there is nothing to send to.
    async fn turn(&mut self) -> Result<Option<Duration>, Error> {
        let store = &self.webhooks.0.store;
        let found = store.webhooks().find(&self.key.0, &self.key.1).await?;
        let Some(mut webhook) = found.filter(|webhook| webhook.enabled) else {
            return Ok(None);
        };
        self.plan(&mut webhook).await?;
        self.launch(&webhook).await.map(Some)
    }

    /// Makes deliveries of what was committed since the last look, as far as there is room for them.
    async fn plan(&mut self, webhook: &mut Webhook) -> Result<(), Error> {
        let (tenant, id) = self.key.clone();
        let store = self.webhooks.0.store.clone();
        self.looked = self.looked.max(webhook.position);
        loop {
            let page = store.published_after(&tenant, self.looked, PAGE).await?;
            let Some(last) = page.last().map(|last| last.seq) else {
                return Ok(());
            };
            let wants = |kind: &String| webhook.types.is_empty() || webhook.types.contains(kind);
            let mut wanted = page.iter().filter(|published| wants(&published.kind));
            let Some(first) = wanted.next() else {
                self.looked = last;
                if self.looked - webhook.position > UNKEPT_MAX {
                    self.keep(webhook, last, Vec::new()).await?;
                }
                continue;
            };
            let pending = store.webhooks().pending(&tenant, &id).await?;
            let room = usize::try_from(QUEUE_MAX.saturating_sub(pending)).unwrap_or(0);
            let all: Vec<&Published> = std::iter::once(first).chain(wanted).collect();
            let taken = all.get(..room).unwrap_or(&all);
            let Some(newest) = taken.last() else {
                return Ok(());
            };
            let through = if taken.len() == all.len() {
                last
            } else {
                newest.seq
            };
            let deliveries = taken
                .iter()
                .map(|event| {
                    self.webhooks
                        .delivery(webhook, event.seq, &event.kind, render(event))
                })
                .collect();
            self.keep(webhook, through, deliveries).await?;
        }
    }

    /// Keeps the place in the stream, together with what was made of the events up to it.
    async fn keep(
        &mut self,
        webhook: &mut Webhook,
        to: u64,
        deliveries: Vec<Delivery>,
    ) -> Result<(), Error> {
        let plan = WebhookChange::Plan(Box::new(Plan {
            tenant_id: webhook.tenant_id.clone(),
            webhook_id: webhook.webhook_id.clone(),
            from: webhook.position,
            to,
            deliveries,
        }));
        let changeset = Changeset::new().with(plan);
        self.webhooks.0.store.commit(changeset).await?;
        webhook.position = to;
        self.looked = to;
        Ok(())
    }

    /// Sends what is due, and answers how long until something else is.
    async fn launch(&mut self, webhook: &Webhook) -> Result<Duration, Error> {
        let store = self.webhooks.0.store.clone();
        let (tenant, id) = self.key.clone();
        let max = webhook.concurrency as usize;
        let limit = |under_way: &HashSet<String>| {
            webhook.concurrency + u32::try_from(under_way.len()).unwrap_or(u32::MAX / 2) + 1
        };
        if self.first.len() < max {
            let limit = limit(&self.first);
            for delivery in store.webhooks().first(&tenant, &id, limit).await? {
                if self.first.len() < max && self.first.insert(delivery.delivery_id.clone()) {
                    self.send(webhook, delivery);
                }
            }
        }
        let limit = limit(&self.again);
        let now = store.clock().now();
        for delivery in store.webhooks().again(&tenant, &id, limit).await? {
            let due = delivery.next_try_at.unwrap_or(now);
            if due > now {
                let wait = due.as_micros().saturating_sub(now.as_micros());
                let wait = Duration::from_micros(u64::try_from(wait).unwrap_or(0));
                return Ok(wait.min(LOOK_INTERVAL));
            }
            if self.again.len() < max && self.again.insert(delivery.delivery_id.clone()) {
                self.send(webhook, delivery);
            }
        }
        Ok(LOOK_INTERVAL)
    }

    fn send(&mut self, webhook: &Webhook, delivery: Delivery) {
        let (webhooks, webhook) = (self.webhooks.clone(), webhook.clone());
        self.flying.spawn(async move {
            if let Err(error) = webhooks.deliver(&webhook, &delivery).await {
                tracing::warn!(%error, "a delivery could not be recorded; it is sent again");
                tokio::time::sleep(RETRY_DELAY).await;
            }
            delivery.delivery_id
        });
    }
}
