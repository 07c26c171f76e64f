//! Steering executions by request, and saying what one waits for.

use std::collections::VecDeque;
use std::sync::Arc;

use civitas_model::execution::{Status, Wait};
use civitas_model::{Caller, Execution, ExecutionId};
use civitas_storage::execution::{Cancel, Pause, Request, Resume, Retry};
use civitas_storage::{Change, Changeset, CommitError, Refusal};

use crate::error::ControlError;
use crate::queue::Ready;
use crate::runtime::Engine;

/// Descendants cancelled with an execution, at most.
const DESCENDANTS_MAX: usize = 10_000;

fn request(caller: &Caller, execution: &ExecutionId) -> Request {
    Request {
        tenant_id: caller.tenant_id.clone(),
        execution_id: execution.clone(),
        by: caller.name.clone(),
    }
}

/// Commits under the lease: a node that was superseded cannot stop a handler that runs elsewhere, so it must not say so.
async fn commit(engine: &Engine, change: Change) -> Result<(), ControlError> {
    let changeset = Changeset::new().with(change).under(&engine.lease);
    match engine.store.commit(changeset).await {
        Ok(_) => Ok(()),
        Err(error) => {
            if matches!(error, CommitError::Refused(Refusal::LeaseLost)) {
                engine.lose_lease();
            }
            Err(error.into())
        }
    }
}

/// Cancels an execution and everything it started that is not finished.
pub(crate) async fn cancel(
    engine: &Engine,
    caller: &Caller,
    execution: &ExecutionId,
) -> Result<(), ControlError> {
    let change = Change::Cancel(Cancel(request(caller, execution)));
    commit(engine, change).await?;
    engine.running.stop(execution);
    let mut parents = VecDeque::from([execution.clone()]);
    let mut cancelled = 0;
    while let Some(parent) = parents.pop_front() {
        for child in engine
            .store
            .executions()
            .open_children(&caller.tenant_id, &parent)
            .await?
        {
            cancelled += 1;
            if cancelled > DESCENDANTS_MAX {
                tracing::warn!(execution_id = %execution, "more descendants than are cancelled at once");
                return Ok(());
            }
            let change = Change::Cancel(Cancel(request(caller, &child)));
            match commit(engine, change).await {
                // It ended by itself meanwhile.
                Ok(()) | Err(ControlError::WrongState { .. } | ControlError::NotFound) => {}
                Err(error) => return Err(error),
            }
            engine.running.stop(&child);
            parents.push_back(child);
        }
    }
    Ok(())
}

pub(crate) async fn pause(
    engine: &Engine,
    caller: &Caller,
    execution: &ExecutionId,
) -> Result<(), ControlError> {
    let change = Change::Pause(Pause(request(caller, execution)));
    commit(engine, change).await?;
    engine.running.stop(execution);
    Ok(())
}

pub(crate) async fn resume(
    engine: &Arc<Engine>,
    caller: &Caller,
    execution: &ExecutionId,
) -> Result<(), ControlError> {
    let change = Change::Resume(Resume(request(caller, execution)));
    commit(engine, change).await?;
    start(engine, caller, execution).await
}

pub(crate) async fn retry(
    engine: &Arc<Engine>,
    caller: &Caller,
    execution: &ExecutionId,
) -> Result<(), ControlError> {
    let change = Change::Retry(Retry(request(caller, execution)));
    commit(engine, change).await?;
    start(engine, caller, execution).await
}

async fn start(
    engine: &Arc<Engine>,
    caller: &Caller,
    execution: &ExecutionId,
) -> Result<(), ControlError> {
    let found = engine
        .store
        .executions()
        .find(&caller.tenant_id, execution)
        .await?;
    engine
        .queue
        .push(Ready::known(&found.ok_or(ControlError::NotFound)?));
    Ok(())
}

/// What an execution is doing or waiting for, in words.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The execution.
    pub execution: Execution,
    /// One sentence.
    pub summary: String,
    /// What someone can do about it.
    pub next: String,
}

/// Says what an execution is doing or waiting for.
pub(crate) fn explain(engine: &Engine, execution: Execution) -> Explanation {
    let (queued, running) = engine.queue.holds(&execution.execution_id);
    let (ready, _) = engine.queue.depth();
    let id = &execution.execution_id;
    let (summary, next) = match (&execution.status, &execution.wait) {
        // It may be at work before its start is durable.
        (Status::Pending | Status::Running, _) if running => (
            "A handler is at work on it.".to_owned(),
            format!("Follow it with `civitas executions watch {id}`."),
        ),
        (Status::Pending, _) if queued => (
            format!("It is ready and waits for its turn; {ready} executions are ready on this node."),
            "Nothing: it starts as soon as there is room.".to_owned(),
        ),
        (Status::Pending, _) => (
            "It is accepted and waits in the database; the queue of this node fetches it when there is room.".to_owned(),
            "Nothing: it starts as soon as there is room.".to_owned(),
        ),
        (Status::Running, _) => (
            "It was running when its node stopped; it goes on from its journal.".to_owned(),
            "Nothing: it starts as soon as there is room.".to_owned(),
        ),
        (_, Some(Wait::Timer { until })) => {
            (format!("It sleeps until {until}."), format!("Let it go on now with `civitas executions resume {id}`."))
        }
        (_, Some(Wait::Retry { until, error })) => (
            format!("Attempt {} failed: {error}. It is tried again at {until}.", execution.attempt),
            format!("Try it now with `civitas executions resume {id}`, or stop it with `civitas executions cancel {id}`."),
        ),
        (_, Some(Wait::Child { execution_id })) => (
            format!("It waits for the execution {execution_id} that it started."),
            format!("See what that one waits for with `civitas executions why {execution_id}`."),
        ),
        (_, Some(Wait::Paused { by })) => {
            (format!("{by} paused it."), format!("Let it go on with `civitas executions resume {id}`."))
        }
        (Status::Completed, _) => ("It completed.".to_owned(), format!("See its result with `civitas executions show {id}`.")),
        (Status::Failed, _) => {
            let reason = execution.failure.as_ref().map_or("for no recorded reason", |failure| &failure.message);
            (format!("It failed: {reason}."), format!("Mend the cause, then try again with `civitas executions retry {id}`."))
        }
        (Status::Cancelled, _) => (
            "It was cancelled.".to_owned(),
            format!("Run it again from what its journal holds with `civitas executions retry {id}`."),
        ),
        (Status::Waiting, None) => (
            "It waits, but for what was not recorded.".to_owned(),
            format!("Let it go on with `civitas executions resume {id}`."),
        ),
    };
    Explanation {
        execution,
        summary,
        next,
    }
}
