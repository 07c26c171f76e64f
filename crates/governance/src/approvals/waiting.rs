//! Who waits for which approval: one task hears all notices, and wakes only those whom they concern.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use civitas_model::TenantId;
use civitas_storage::{Notice, Notices, Store};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

type Key = (TenantId, String);

/// Those who wait.
#[derive(Default)]
pub(super) struct Waiting(Mutex<HashMap<Key, Place>>);

/// Where those wait who wait for one approval.
#[derive(Default)]
struct Place {
    notify: Arc<Notify>,
    waiters: usize,
}

impl Waiting {
    /// Begins to hear what is committed. The task ends with the last handle, or with the store.
    pub(super) fn start(store: &Store) -> Arc<Self> {
        let waiting = Arc::new(Self::default());
        tokio::spawn(hear(Arc::downgrade(&waiting), store.subscribe()));
        waiting
    }

    fn places(&self) -> MutexGuard<'_, HashMap<Key, Place>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to wait for an approval.
    pub(super) fn begin(self: &Arc<Self>, tenant: &TenantId, approval_id: &str) -> Waiter {
        let key = (tenant.clone(), approval_id.to_owned());
        let mut places = self.places();
        let place = places.entry(key.clone()).or_default();
        place.waiters += 1;
        Waiter {
            notify: Arc::clone(&place.notify),
            waiting: Arc::clone(self),
            key,
        }
    }

    fn wake(&self, key: &Key) {
        if let Some(place) = self.places().get(key) {
            place.notify.notify_waiters();
        }
    }

    fn wake_all(&self) {
        for place in self.places().values() {
            place.notify.notify_waiters();
        }
    }
}

async fn hear(waiting: Weak<Waiting>, mut notices: Notices) {
    while let Some(batch) = notices.next().await {
        let Some(waiting) = waiting.upgrade() else {
            return;
        };
        let Some(batch) = batch else {
            // Some were missed: everyone reads.
            waiting.wake_all();
            continue;
        };
        for notice in batch.iter() {
            if let Notice::Approval {
                tenant_id,
                approval_id,
            } = notice
            {
                waiting.wake(&(tenant_id.clone(), approval_id.clone()));
            }
        }
    }
}

/// Someone who waits, until dropped.
pub(super) struct Waiter {
    waiting: Arc<Waiting>,
    key: Key,
    notify: Arc<Notify>,
}

impl Waiter {
    /// Resolves once the approval may have changed.
    pub(super) fn changed(&self) -> Notified<'_> {
        self.notify.notified()
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut places = self.waiting.places();
        if let Some(place) = places.get_mut(&self.key) {
            place.waiters -= 1;
            if place.waiters == 0 {
                places.remove(&self.key);
            }
        }
    }
}
