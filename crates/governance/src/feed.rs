//! The live feed: what agents do, passed on to whoever watches, as it was committed.
//!
//! One reader of the outbox per node serves every tenant. It is woken by notices, makes one message of each entry, and puts
//! the same message into the queue of each watcher that wants it. A queue has a limit: who does not empty theirs is let
//! go, and nobody else notices. Whoever comes back with the last number they saw is given the rest from storage, so
//! nothing is missed and nothing is seen twice.

mod message;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use civitas_model::{AgentId, TenantId};
use civitas_storage::{Notice, Published, SqlError, Store};
use tokio::sync::{Notify, mpsc, watch};

pub(crate) use message::render;
pub use message::{Filter, Message};

/// Messages that wait for one watcher, at most.
pub const QUEUE_MAX: usize = 1024;
/// Watchers of one tenant on one node, at most.
pub const WATCHERS_MAX: usize = 1000;
/// Entries read at once.
const PAGE: u32 = 256;
/// Shortest time between two looks at what is new while nobody watches.
const UNWATCHED_PAUSE: Duration = Duration::from_millis(100);
/// How long to wait before reading again after storage failed.
const RETRY_DELAY: Duration = Duration::from_secs(1);
/// How long an agent's role is remembered, for events that do not name it.
const ROLES_LIFETIME: Duration = Duration::from_secs(10);
/// How many agents' roles are remembered.
const ROLES_MAX: usize = 10_000;

/// The feed of every tenant. Cheap to clone.
#[derive(Clone)]
pub struct Feed(Arc<Shared>);

struct Shared {
    store: Store,
    tenants: Mutex<HashMap<TenantId, Tenant>>,
    roles: Mutex<Roles>,
}

/// Who follows a tenant.
struct Tenant {
    watchers: Vec<Watcher>,
    /// The number of the newest entry that was passed on.
    latest: watch::Sender<u64>,
}

struct Watcher {
    id: u64,
    filter: Arc<Filter>,
    queue: mpsc::Sender<Arc<Message>>,
    stalled: Arc<Notify>,
}

#[derive(Default)]
struct Roles {
    since: Option<Instant>,
    next_watcher: u64,
    known: HashMap<(TenantId, String), Option<String>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A tenant has as many watchers as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{WATCHERS_MAX} watchers of your tenant are connected: close some")]
pub struct Full;

/// From where a watcher wants to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// After this number; everything from there on is still kept.
    After(u64),
    /// The number is not known here: what followed it is not kept any more, or it is from another database.
    Unknown {
        /// From which number on nothing is missing.
        oldest: u64,
        /// The newest number.
        newest: u64,
    },
}

impl Feed {
    /// The feed of a store. It runs as long as [`Self::run`] is polled.
    pub fn new(store: Store) -> Self {
        Self(Arc::new(Shared {
            store,
            tenants: Mutex::default(),
            roles: Mutex::default(),
        }))
    }

    /// Passes on what is committed, until the store is closed.
    pub async fn run(self) {
        let mut notices = self.0.store.subscribe();
        let mut position = None;
        loop {
            match self.pump(&mut position).await {
                Ok(()) => {}
                Err(error) => {
                    tracing::warn!(%error, "the feed cannot be read; it is tried again");
                    tokio::time::sleep(RETRY_DELAY).await;
                    continue;
                }
            }
            if locked(&self.0.tenants).is_empty() {
                // Nobody looks: not every commit is worth a read.
                tokio::time::sleep(UNWATCHED_PAUSE).await;
            }
            loop {
                match notices.next().await {
                    None => return,
                    Some(Some(batch)) if !batch.contains(&Notice::Activity) => {}
                    Some(_) => break,
                }
            }
        }
    }

    /// Passes on everything after a position, and moves it.
    async fn pump(&self, position: &mut Option<u64>) -> Result<(), SqlError> {
        loop {
            let Some(after) = *position else {
                *position = Some(self.0.store.last_activity().await?);
                continue;
            };
            if locked(&self.0.tenants).is_empty() {
                let newest = self.0.store.last_activity().await?;
                // Whoever joined meanwhile reads what is before this from storage, or is given it below.
                if locked(&self.0.tenants).is_empty() {
                    *position = Some(newest);
                    return Ok(());
                }
            }
            let page = self.0.store.published_by_all_after(after, PAGE).await?;
            if page.is_empty() {
                return Ok(());
            }
            for published in page {
                *position = Some(published.seq);
                self.pass_on(published).await?;
            }
        }
    }

    async fn pass_on(&self, published: Published) -> Result<(), SqlError> {
        let tenant_id = published.tenant_id.clone();
        let seq = published.seq;
        let (facts, role) = match locked(&self.0.tenants).get(&tenant_id) {
            None => return Ok(()),
            Some(tenant) => {
                let wants = |what: fn(&Filter) -> bool| {
                    tenant.watchers.iter().any(|watcher| what(&watcher.filter))
                };
                (wants(Filter::reads_facts), wants(Filter::reads_role))
            }
        };
        let message = Arc::new(self.message(published, facts, role).await?);
        if let Some(tenant) = locked(&self.0.tenants).get_mut(&tenant_id) {
            tenant.watchers.retain(|watcher| {
                if !watcher.filter.lets_through(&message) {
                    return true;
                }
                let is_kept = watcher.queue.try_send(Arc::clone(&message)).is_ok();
                if !is_kept {
                    watcher.stalled.notify_one();
                }
                is_kept
            });
            tenant.latest.send_replace(seq);
        }
        Ok(())
    }

    async fn message(
        &self,
        published: Published,
        facts: bool,
        role: bool,
    ) -> Result<Message, SqlError> {
        let tenant = published.tenant_id.clone();
        let mut message = Message::new(published, facts);
        if role
            && message.role.is_none()
            && let Some(agent) = message.agent_id.clone()
        {
            message.role = self.role_of(tenant, agent).await?;
        }
        Ok(message)
    }

    /// The role of an agent as it was some seconds ago at most.
    async fn role_of(&self, tenant: TenantId, agent: String) -> Result<Option<String>, SqlError> {
        let key = (tenant, agent);
        {
            let mut roles = locked(&self.0.roles);
            let is_old = roles
                .since
                .is_none_or(|since| since.elapsed() > ROLES_LIFETIME);
            if is_old || roles.known.len() >= ROLES_MAX {
                roles.known.clear();
                roles.since = Some(Instant::now());
            }
            if let Some(role) = roles.known.get(&key) {
                return Ok(role.clone());
            }
        }
        let role = match AgentId::new(key.1.as_str()) {
            Ok(id) => self.0.store.agents().find(&key.0, &id).await?,
            Err(_) => None,
        };
        let role = role.map(|agent| agent.role.as_str().to_owned());
        locked(&self.0.roles).known.insert(key, role.clone());
        Ok(role)
    }

    /// Where a watcher goes on that saw everything up to a number, or begins now.
    pub async fn start(&self, after: Option<u64>) -> Result<Start, SqlError> {
        let newest = self.0.store.last_activity().await?;
        let Some(after) = after else {
            return Ok(Start::After(newest));
        };
        let kept = self.0.store.oldest_activity().await?;
        // Numbers have no gaps across all tenants, so what is before the oldest one is gone.
        let oldest = kept.map_or(newest, |oldest| oldest.saturating_sub(1));
        if (oldest..=newest).contains(&after) {
            Ok(Start::After(after))
        } else {
            Ok(Start::Unknown { oldest, newest })
        }
    }

    /// Joins the watchers of a tenant, after a number.
    pub fn join(&self, tenant: &TenantId, filter: Filter, after: u64) -> Result<Joined, Full> {
        let id = {
            let mut roles = locked(&self.0.roles);
            roles.next_watcher += 1;
            roles.next_watcher
        };
        let (queue, messages) = mpsc::channel(QUEUE_MAX);
        let filter = Arc::new(filter);
        let stalled = Arc::new(Notify::new());
        let mut tenants = locked(&self.0.tenants);
        let watchers = &mut entry(&mut tenants, tenant).watchers;
        if watchers.len() >= WATCHERS_MAX {
            return Err(Full);
        }
        watchers.push(Watcher {
            id,
            filter: Arc::clone(&filter),
            queue,
            stalled: Arc::clone(&stalled),
        });
        drop(tenants);
        Ok(Joined {
            feed: self.clone(),
            tenant: tenant.clone(),
            id,
            filter,
            messages,
            stalled,
            last_seq: after,
            is_live: false,
            page: Vec::new().into_iter(),
        })
    }

    /// How many watchers of a tenant are connected to this node.
    pub fn watchers(&self, tenant: &TenantId) -> usize {
        let tenants = locked(&self.0.tenants);
        tenants.get(tenant).map_or(0, |found| found.watchers.len())
    }

    /// Hears that something new of a tenant was committed.
    pub(crate) fn follow(&self, tenant: &TenantId) -> watch::Receiver<u64> {
        entry(&mut locked(&self.0.tenants), tenant)
            .latest
            .subscribe()
    }

    fn leave(&self, tenant: &TenantId, id: u64) {
        let mut tenants = locked(&self.0.tenants);
        if let Some(found) = tenants.get_mut(tenant) {
            found.watchers.retain(|watcher| watcher.id != id);
            if found.watchers.is_empty() && found.latest.receiver_count() == 0 {
                tenants.remove(tenant);
            }
        }
    }
}

fn entry<'a>(tenants: &'a mut HashMap<TenantId, Tenant>, tenant: &TenantId) -> &'a mut Tenant {
    tenants.entry(tenant.clone()).or_insert_with(|| Tenant {
        watchers: Vec::new(),
        latest: watch::channel(0).0,
    })
}

/// A watcher's end of the feed.
pub struct Joined {
    feed: Feed,
    tenant: TenantId,
    id: u64,
    filter: Arc<Filter>,
    messages: mpsc::Receiver<Arc<Message>>,
    stalled: Arc<Notify>,
    last_seq: u64,
    /// Whether everything that storage had was given.
    is_live: bool,
    page: std::vec::IntoIter<Arc<Message>>,
}

impl Joined {
    /// The next message; `None` once this watcher was let go because it did not keep up.
    ///
    /// Safe to drop while waiting: nothing is lost.
    pub async fn next(&mut self) -> Result<Option<Arc<Message>>, SqlError> {
        while !self.is_live {
            if let Some(message) = self.page.next() {
                return Ok(Some(message));
            }
            self.read_page().await?;
        }
        loop {
            match self.messages.recv().await {
                // What was read from storage already.
                Some(message) if message.seq <= self.last_seq => {}
                Some(message) => {
                    self.last_seq = message.seq;
                    return Ok(Some(message));
                }
                None => return Ok(None),
            }
        }
    }

    /// The next message when there is one already.
    pub fn ready(&mut self) -> Option<Arc<Message>> {
        if !self.is_live {
            return self.page.next();
        }
        loop {
            let message = self.messages.try_recv().ok()?;
            if message.seq > self.last_seq {
                self.last_seq = message.seq;
                return Some(message);
            }
        }
    }

    async fn read_page(&mut self) -> Result<(), SqlError> {
        let store = &self.feed.0.store;
        let page = store
            .published_after(&self.tenant, self.last_seq, PAGE)
            .await?;
        let (facts, role) = (self.filter.reads_facts(), self.filter.reads_role());
        let Some(last) = page.last().map(|last| last.seq) else {
            self.is_live = true;
            return Ok(());
        };
        let mut wanted = Vec::with_capacity(page.len());
        for published in page {
            let message = self.feed.message(published, facts, role).await?;
            if self.filter.lets_through(&message) {
                wanted.push(Arc::new(message));
            }
        }
        self.last_seq = last;
        self.page = wanted.into_iter();
        Ok(())
    }

    /// Hears that this watcher was let go, also while it waits for something else.
    pub fn stalled(&self) -> Arc<Notify> {
        Arc::clone(&self.stalled)
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        self.feed.leave(&self.tenant, self.id);
    }
}

#[cfg(test)]
mod tests;
