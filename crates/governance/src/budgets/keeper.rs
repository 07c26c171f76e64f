//! The keeper: gives back what was reserved and never settled, and says when a day begins.

use std::time::Duration;

use civitas_model::agent::midnight;
use civitas_storage::{BudgetChange, Changeset, Store};

use super::Budgets;

/// Reservations ended in one commit, at most.
const BATCH: u32 = 500;
/// How long to wait at most before looking when the next reservation ends: one that was made meanwhile may end earlier.
/// Whoever needs the room of one that has ended does not wait for this.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// How long to wait after storage failed.
const ERROR_DELAY: Duration = Duration::from_secs(1);
/// The length of a day.
const DAY: Duration = Duration::from_hours(24);

impl Budgets {
    /// Keeps the ledger in order, for as long as this is driven.
    pub async fn keep(&self) {
        let store = &self.store;
        let mut day = midnight(store.clock().now());
        loop {
            let pause = match self.look(&mut day).await {
                Ok(pause) => pause,
                Err(reason) => {
                    tracing::warn!(%reason, "budgets could not be kept in order; it is tried again");
                    ERROR_DELAY
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Does what is due; says how long until the next look.
    async fn look(&self, day: &mut civitas_model::Timestamp) -> Result<Duration, String> {
        let store = &self.store;
        let now = store.clock().now();
        let today = midnight(now);
        let next = store.budgets().next_expiry().await;
        let next = next.map_err(|error| error.to_string())?;
        let is_new_day = today > *day;
        let is_due = next.is_some_and(|next| next <= now);
        if is_new_day || is_due {
            expire(store, is_new_day).await?;
            *day = today;
            // There may be more than one commit ends.
            return Ok(Duration::ZERO);
        }
        let until = next.map_or(DAY, |next| next.since(now));
        Ok(until.min(today.plus(DAY).since(now)).min(LOOK_INTERVAL))
    }
}

async fn expire(store: &Store, is_new_day: bool) -> Result<(), String> {
    let change = BudgetChange::Expire {
        limit: BATCH,
        is_new_day,
    };
    let done = store.commit(Changeset::new().with(change)).await;
    done.map(drop).map_err(|error| error.to_string())
}
