//! Retention: recorded decisions go after a while, a bounded piece at a time.

use std::time::Duration;

use civitas_model::Timestamp;
use civitas_storage::{Changeset, DecisionChange};

use super::Policies;
use crate::error::Error;

/// How often to look.
const INTERVAL: Duration = Duration::from_mins(5);
/// Tenants that are looked at together.
const PAGE: u32 = 200;

impl Policies {
    /// Forgets decisions older than `keep` for as long as it is polled.
    pub async fn forget_old(self, keep: Duration) {
        let mut tick = tokio::time::interval(INTERVAL);
        loop {
            tick.tick().await;
            let before = self.inner.store.clock().now().minus(keep);
            if let Err(error) = self.forget_before(before).await {
                tracing::warn!(%error, "old decisions could not be forgotten; it is tried again");
            }
        }
    }

    /// Forgets decisions from before a time.
    ///
    /// # Errors
    ///
    /// Storage cannot be used.
    pub async fn forget_before(&self, before: Timestamp) -> Result<(), Error> {
        let store = &self.inner.store;
        loop {
            let decisions = store.decisions();
            let tenants = decisions
                .tenants_with_decisions_before(before, PAGE)
                .await?;
            if tenants.is_empty() {
                return Ok(());
            }
            for tenant_id in tenants {
                let change = DecisionChange::Forget { tenant_id, before };
                store.commit(Changeset::new().with(change)).await?;
            }
        }
    }
}
