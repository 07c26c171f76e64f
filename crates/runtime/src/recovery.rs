//! Recovery: fetches what was accepted and not finished, at start and whenever the queue had no room.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use civitas_model::ExecutionId;
use civitas_storage::SqlError;

use crate::queue::{Lane, Pushed, Ready};
use crate::runtime::Engine;

/// Executions fetched at once.
const PAGE: u32 = 1000;
/// How often to see whether there is room for what was left in the database.
const ROOM_INTERVAL: Duration = Duration::from_millis(20);
/// How long to wait after storage could not be read.
const ERROR_DELAY: Duration = Duration::from_millis(500);
/// The safety net: how often to look for executions that nobody holds.
const SWEEP_INTERVAL: Duration = Duration::from_mins(1);

/// Fetches what nobody holds until the engine stops. New submissions are accepted and queued meanwhile.
pub(crate) async fn run(engine: Arc<Engine>) {
    let mut swept: Option<tokio::time::Instant> = None;
    loop {
        let sweep = swept.is_none_or(|swept| swept.elapsed() >= SWEEP_INTERVAL);
        let mut pause = ROOM_INTERVAL;
        if sweep || engine.queue.wants_more() {
            match fetch(&engine, sweep).await {
                Ok(()) if sweep => swept = Some(tokio::time::Instant::now()),
                Ok(()) => {}
                Err(error) => {
                    tracing::warn!(%error, "open executions cannot be read; it is tried again");
                    pause = ERROR_DELAY;
                }
            }
        }
        tokio::select! {
            () = engine.stopping.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Fetches open executions in the order they were accepted: all of them, or as long as a lane that is behind has room.
async fn fetch(engine: &Engine, all: bool) -> Result<(), SqlError> {
    let Some(full) = look(engine, all).await? else {
        return Ok(());
    };
    // What was accepted between the last page and now, in a lane that was behind, is found by one more look.
    if engine.queue.catch_up(&full) {
        look(engine, true).await?;
    }
    Ok(())
}

/// Offers open executions to the queue; answers the lanes without room for all of theirs, or `None` when it stopped
/// before the end.
async fn look(engine: &Engine, all: bool) -> Result<Option<HashSet<Lane>>, SqlError> {
    let mut after: Option<ExecutionId> = None;
    let mut full = HashSet::new();
    loop {
        let executions = engine.store.executions();
        let page = executions.open_after(after.as_ref(), PAGE).await?;
        for execution in &page {
            let ready = Ready::known(execution);
            let lane = ready.lane();
            // Nothing overtakes what was left of its own lane.
            if !full.contains(&lane) && engine.queue.push(ready) == Pushed::Full {
                full.insert(lane);
            }
        }
        if page.len() < PAGE as usize {
            return Ok(Some(full));
        }
        after = page.last().map(|execution| execution.execution_id.clone());
        if engine.stopping.is_cancelled() || !(all || engine.queue.takes_more()) {
            return Ok(None);
        }
    }
}
