//! The scheduler: starts what is ready, wakes what is due, fetches what waits in the database.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::executor::{self, After};
use crate::queue::Ready;
use crate::runtime::Engine;

/// Due executions that are not queued yet, fetched at once.
const DUE_PAGE: usize = 1000;
/// How long to wait at least between two looks, however much is said meanwhile.
const LOOK_PAUSE: Duration = Duration::from_millis(2);
/// How long to wait after storage could not be read.
const ERROR_DELAY: Duration = Duration::from_millis(500);
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
    let span = tracing::info_span!(
        "execution",
        execution_id = %again.execution_id,
        tenant_id = %again.tenant_id,
        intent_type = %again.intent_type,
    );
    let after = executor::run(&engine, ready, &stop).instrument(span).await;
    engine.running.end(&again.execution_id);
    let became_ready = engine
        .queue
        .done(&again.tenant_id, &again.execution_id, &again.intent_type);
    engine.live.run_ended(&again.execution_id);
    match after {
        _ if engine.stopping.is_cancelled() => {}
        _ if became_ready => {
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
        let began = tokio::time::Instant::now();
        let pause = match wake_due(&engine).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::warn!(%error, "due executions cannot be read; it is tried again");
                ERROR_DELAY
            }
        };
        // Under load something is said all the time, and a look at much that is due takes its time.
        let rest = LOOK_PAUSE.max(began.elapsed() * 2).min(pause);
        let soon = async {
            tokio::time::sleep(rest).await;
            let _ =
                tokio::time::timeout(pause.saturating_sub(rest), engine.live.schedule.notified())
                    .await;
        };
        tokio::select! {
            () = engine.stopping.cancelled() => return,
            () = soon => {}
        }
    }
}

/// Queues what is due; says how long until the next look.
async fn wake_due(engine: &Engine) -> Result<Duration, civitas_storage::SqlError> {
    let now = engine.clock.now();
    // What is queued or runs may still count as due: ask for more than that, so that the rest is never hidden behind it.
    let (queued, running) = engine.queue.depth();
    let limit = u32::try_from(queued + running + DUE_PAGE).unwrap_or(u32::MAX);
    for execution in &engine.store.executions().due(now, limit).await? {
        // Without room it stays due, and is found by the next look.
        engine.queue.offer(Ready::known(execution));
    }
    let Some(next) = engine.store.executions().next_wake().await? else {
        return Ok(LOOK_INTERVAL);
    };
    // What was found is due until it has started: do not spin on it.
    Ok(next.since(now).clamp(DUE_AGAIN, LOOK_INTERVAL))
}
