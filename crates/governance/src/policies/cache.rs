//! Compiled sets by tenant: a bounded number, forgotten when another version was activated.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use civitas_model::TenantId;
use civitas_storage::{Notice, Notices};

use super::Active;

/// Tenants that are kept; most of them have what everyone starts with, which is there once.
const TENANTS_MAX: usize = 4_096;
/// Policies of all the sets that are kept, besides those that everyone starts with: some 10 KB each.
const POLICIES_MAX: usize = 30_000;

/// The set of a tenant, or why it cannot be used.
pub(super) type Loaded = Result<Arc<Active>, Arc<str>>;

/// What is known of a tenant.
pub(super) enum Known {
    /// This holds.
    Sure(Loaded),
    /// This held, but notices were missed since.
    Perhaps((u64, Loaded)),
    /// Nothing.
    Nothing,
}

/// Compiled sets by tenant.
pub(super) struct Cache(Mutex<Inner>);

struct Inner {
    notices: Notices,
    /// Counts what was heard, so that what was read before it is not kept after it.
    heard: u64,
    /// Counts looks.
    looks: u64,
    weight: usize,
    slots: HashMap<TenantId, Slot>,
}

struct Slot {
    number: u64,
    loaded: Loaded,
    is_sure: bool,
    weight: usize,
    looked_at: u64,
}

impl Cache {
    pub(super) fn new(notices: Notices) -> Self {
        Self(Mutex::new(Inner {
            notices,
            heard: 0,
            looks: 0,
            weight: 0,
            slots: HashMap::new(),
        }))
    }

    /// What is known of a tenant, and how much was heard until now.
    pub(super) fn find(&self, tenant: &TenantId) -> (Known, u64) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.hear();
        inner.looks += 1;
        let (looks, heard) = (inner.looks, inner.heard);
        let known = inner.slots.get_mut(tenant).map_or(Known::Nothing, |slot| {
            slot.looked_at = looks;
            if slot.is_sure {
                Known::Sure(slot.loaded.clone())
            } else {
                Known::Perhaps((slot.number, slot.loaded.clone()))
            }
        });
        (known, heard)
    }

    /// Keeps what was read after so much had been heard, unless more was heard since.
    pub(super) fn put(&self, tenant: &TenantId, number: u64, loaded: Loaded, heard: u64) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.hear();
        if inner.heard != heard {
            return;
        }
        let weight = match &loaded {
            Ok(active) if active.number > 0 => active.set.len(),
            _ => 0,
        };
        inner.forget(tenant);
        inner.make_room(weight);
        inner.looks += 1;
        let slot = Slot {
            number,
            loaded,
            is_sure: true,
            weight,
            looked_at: inner.looks,
        };
        inner.weight += weight;
        inner.slots.insert(tenant.clone(), slot);
    }
}

impl Inner {
    /// Takes in everything that was said until now.
    fn hear(&mut self) {
        while let Some(batch) = self.notices.try_next() {
            let Some(batch) = batch else {
                self.heard += 1;
                for slot in self.slots.values_mut() {
                    slot.is_sure = false;
                }
                continue;
            };
            for notice in batch.iter() {
                if let Notice::Policy { tenant_id } = notice {
                    self.heard += 1;
                    self.forget(tenant_id);
                }
            }
        }
    }

    fn forget(&mut self, tenant: &TenantId) {
        if let Some(slot) = self.slots.remove(tenant) {
            self.weight -= slot.weight;
        }
    }

    /// Lets go of those that nobody asked for the longest.
    fn make_room(&mut self, weight: usize) {
        while !self.slots.is_empty()
            && (self.slots.len() >= TENANTS_MAX || self.weight + weight > POLICIES_MAX)
        {
            let is_heavy = self.weight + weight > POLICIES_MAX;
            let oldest = self
                .slots
                .iter()
                .filter(|(_, slot)| !is_heavy || slot.weight > 0)
                .min_by_key(|(_, slot)| slot.looked_at)
                .map(|(tenant, _)| tenant.clone());
            match oldest {
                Some(tenant) => self.forget(&tenant),
                None => return,
            }
        }
    }
}
