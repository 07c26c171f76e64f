//! Retention: forgets executions that finished long ago, and what nobody uses any more.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use civitas_storage::execution::{Expire, Sweep};
use civitas_storage::{Change, Changeset, CommitError};

use crate::content;
use crate::runtime::Engine;

/// Executions forgotten per commit, so that no commit takes long.
const EXPIRE_BATCH: u32 = 200;
/// How often to look.
const INTERVAL: Duration = Duration::from_mins(5);
/// How long idempotency keys are kept.
const UNUSED_AFTER: Duration = Duration::from_hours(24);

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Finished executions with their journals. Artifacts stay.
    pub executions: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            executions: Duration::from_hours(30 * 24),
        }
    }
}

/// Forgets what is due, until the engine stops.
pub(crate) async fn run(engine: Arc<Engine>, retention: Retention) {
    loop {
        if let Err(error) = once(&engine, retention).await {
            tracing::warn!(%error, "retention could not run; it is tried again");
        }
        if let Err(error) = content::end_expired(&engine).await {
            tracing::warn!(%error, "uploads that ran out could not be ended; it is tried again");
        }
        if let Err(error) = content::collect(&engine).await {
            tracing::warn!(%error, "unused content could not be collected; it is tried again");
        }
        tokio::select! {
            () = engine.stopping.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

async fn once(engine: &Engine, retention: Retention) -> Result<(), CommitError> {
    let now = engine.clock.now();
    let finished_before = now.minus(retention.executions);
    let expired = |error: civitas_storage::SqlError| CommitError::Unavailable(error.to_string());
    while engine
        .store
        .executions()
        .has_expired(finished_before)
        .await
        .map_err(expired)?
    {
        let change = Change::Expire(Expire {
            finished_before,
            limit: EXPIRE_BATCH,
        });
        engine.store.commit(Changeset::new().with(change)).await?;
    }
    let sweep = Sweep {
        unused_since: now.minus(UNUSED_AFTER),
        records_applied: engine.records_applied.load(Ordering::Relaxed),
    };
    engine
        .store
        .commit(Changeset::new().with(Change::Sweep(sweep)))
        .await?;
    Ok(())
}
