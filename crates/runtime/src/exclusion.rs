//! What only one run at a time may do, such as replace what search finds of a file.
//!
//! Kept in memory: a database has one engine, which holds its lease, and an engine that starts has no run yet.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use civitas_model::TenantId;
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// From so many names on, those that nobody holds any more are forgotten.
const NAMES_SWEPT: usize = 64;

/// The turns that are held or waited for, by tenant and name.
#[derive(Debug, Default)]
pub(crate) struct Exclusion(Mutex<Turns>);

type Turns = HashMap<(TenantId, String), Weak<Turn<()>>>;

impl Exclusion {
    /// Waits, first come first served, until nobody else holds the name. It is given back when the guard is dropped.
    pub(crate) async fn enter(&self, tenant: &TenantId, name: String) -> OwnedMutexGuard<()> {
        self.turn(tenant, name).lock_owned().await
    }

    fn turn(&self, tenant: &TenantId, name: String) -> Arc<Turn<()>> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() >= NAMES_SWEPT {
            turns.retain(|_, turn| turn.strong_count() > 0);
        }
        let turn = turns.entry((tenant.clone(), name)).or_default();
        turn.upgrade().unwrap_or_else(|| {
            let fresh = Arc::default();
            *turn = Arc::downgrade(&fresh);
            fresh
        })
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn one_at_a_time_holds_a_name_of_a_tenant() {
        let exclusion = Exclusion::default();
        let (ada, bob) = (TenantId::trusted("ada"), TenantId::trusted("bob"));
        let held = exclusion.enter(&ada, "file".to_owned()).await;
        let mut next = Box::pin(exclusion.enter(&ada, "file".to_owned()));
        assert!((&mut next).now_or_never().is_none());
        assert!(
            exclusion
                .enter(&bob, "file".to_owned())
                .now_or_never()
                .is_some()
        );
        assert!(
            exclusion
                .enter(&ada, "other".to_owned())
                .now_or_never()
                .is_some()
        );
        drop(held);
        assert!(next.now_or_never().is_some());
    }

    #[tokio::test]
    async fn names_that_nobody_holds_are_forgotten() {
        let exclusion = Exclusion::default();
        let tenant = TenantId::trusted("ada");
        let held = exclusion.enter(&tenant, "held".to_owned()).await;
        for number in 0..10 * NAMES_SWEPT {
            drop(exclusion.enter(&tenant, number.to_string()).await);
        }
        assert!(exclusion.0.lock().unwrap().len() <= NAMES_SWEPT);
        assert!(
            exclusion
                .enter(&tenant, "held".to_owned())
                .now_or_never()
                .is_none()
        );
        drop(held);
    }
}
