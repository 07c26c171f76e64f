//! The scheduler: starts what is ready, wakes what is due, fetches what waits in the database.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::executor::{self, After};
use crate::queue::{Pushed, Ready};
use crate::runtime::Engine;

/// Due executions fetched at once.
const DUE_PAGE: u32 = 1000;
/// How long to wait before looking for due executions again while those found have not started yet.
const DUE_AGAIN: Duration = Duration::from_millis(50);
/// The safety net: how often to look for due executions although nothing said so.
const LOOK_INTERVAL: Duration = Duration::from_secs(30);

/// Starts whatever is ready, until the engine stops.
pub(crate) async fn dispatch(engine: Arc<Engine>) {
    loop {
        let ready = tokio::select! {
            () = engine.stopping.cancelled() => return,
            ready = engine.queue.next() => ready,
        };
        let stop = engine.running.begin(&ready.execution_id);
        let task = run(Arc::clone(&engine), ready, stop);
        engine.tasks.spawn(task);
    }
}

async fn run(engine: Arc<Engine>, ready: Ready, stop: CancellationToken) {
    let again = ready.again();
    let after = executor::run(&engine, ready, &stop).await;
    engine.running.end(&again.execution_id);
    let became_ready = engine
        .queue
        .done(&again.tenant_id, &again.execution_id, &again.intent_type);
    match after {
        _ if engine.stopping.is_cancelled() => {}
        After::Nothing if became_ready => {
            engine.queue.push(again);
        }
        After::Nothing => {}
        After::LookAgain(delay) => {
            tokio::select! {
                () = engine.stopping.cancelled() => return,
                () = tokio::time::sleep(delay) => {}
            }
            engine.queue.push(again);
        }
    }
}

/// Wakes executions whose time has come, until the engine stops.
pub(crate) async fn wake(engine: Arc<Engine>) {
    loop {
        let pause = match wake_due(&engine).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::warn!(%error, "due executions cannot be read; it is tried again");
                LOOK_INTERVAL
            }
        };
        tokio::select! {
            () = engine.stopping.cancelled() => return,
            () = engine.live.schedule.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Queues what is due; says how long until the next look.
async fn wake_due(engine: &Engine) -> Result<Duration, civitas_storage::SqlError> {
    let now = engine.clock.now();
    let due = engine.store.executions().due(now, DUE_PAGE).await?;
    for execution in &due {
        if engine.queue.push(Ready::known(execution)) == Pushed::Full {
            break;
        }
    }
    let Some(next) = engine.store.executions().next_wake().await? else {
        return Ok(LOOK_INTERVAL);
    };
    // What was found is due until it has started: do not spin on it.
    Ok(next.since(now).clamp(DUE_AGAIN, LOOK_INTERVAL))
}
