//! Recovery: fetches what was accepted and not finished, at start and whenever the queue had no room.

use std::sync::Arc;
use std::time::Duration;

use civitas_model::ExecutionId;
use civitas_storage::SqlError;

use crate::queue::{Pushed, Ready};
use crate::runtime::Engine;

/// Executions fetched at once.
const PAGE: u32 = 1000;
/// How often to see whether there is room for the backlog.
const ROOM_INTERVAL: Duration = Duration::from_millis(20);
/// The safety net: how often to look for executions that nobody holds.
const SWEEP_INTERVAL: Duration = Duration::from_mins(1);

/// Fetches the backlog until the engine stops. New submissions are accepted meanwhile; they wait behind it.
pub(crate) async fn run(engine: Arc<Engine>) {
    engine.queue.begin_backlog();
    let mut swept = tokio::time::Instant::now();
    loop {
        if engine.queue.wants_backlog() || swept.elapsed() >= SWEEP_INTERVAL {
            swept = tokio::time::Instant::now();
            if let Err(error) = fetch(&engine).await {
                tracing::warn!(%error, "open executions cannot be read; it is tried again");
            }
        }
        tokio::select! {
            () = engine.stopping.cancelled() => return,
            () = tokio::time::sleep(ROOM_INTERVAL) => {}
        }
    }
}

/// Fetches open executions in the order they were accepted, until the queue is full or there are no more.
async fn fetch(engine: &Engine) -> Result<(), SqlError> {
    let mut after: Option<ExecutionId> = None;
    let mut last_look = false;
    loop {
        let page = engine
            .store
            .executions()
            .open_after(after.as_ref(), PAGE)
            .await?;
        for execution in &page {
            if engine.queue.push(Ready::known(execution)) == Pushed::Full {
                return Ok(());
            }
        }
        after = page.last().map(|execution| execution.execution_id.clone());
        if page.len() == PAGE as usize {
            continue;
        }
        if last_look {
            return Ok(());
        }
        // From here on submissions are queued directly; what was accepted between the last page and now is found by
        // one more look from the beginning.
        engine.queue.end_backlog();
        after = None;
        last_look = true;
    }
}
