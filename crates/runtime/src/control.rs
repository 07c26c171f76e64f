//! Steering executions by request, and saying what one waits for.

use std::collections::VecDeque;
use std::sync::Arc;

use civitas_audit::NewEntry;
use civitas_model::execution::{Status, Wait};
use civitas_model::journal::Kind;
use civitas_model::{Caller, Execution, ExecutionId, Money, Timestamp};
use civitas_storage::execution::{Cancel, Pause, Request, Resume, Retry};
use civitas_storage::{Change, Changeset, CommitError, Refusal};
use serde_json::Value;

use crate::error::ControlError;
use crate::queue::Ready;
use crate::runtime::Engine;

/// Descendants cancelled with an execution, at most.
const DESCENDANTS_MAX: usize = 10_000;
/// Executions retried with one another at most; more levels than executions may start.
const CHAIN_MAX: usize = 32;
/// How often a retry looks again when a child changed meanwhile.
const TRIES_MAX: u32 = 3;
/// Entries of a journal looked at together, from its end.
const JOURNAL_PAGE: u32 = 200;

fn request(caller: &Caller, execution: &ExecutionId) -> Request {
    Request {
        tenant_id: caller.tenant_id.clone(),
        execution_id: execution.clone(),
        by: caller.name.clone(),
    }
}

/// Commits under the lease: a node that was superseded cannot stop a handler that runs elsewhere, so it must not say so.
async fn commit(engine: &Engine, change: Change, entry: NewEntry) -> Result<(), ControlError> {
    commit_all(engine, Changeset::new().with(change).with(entry)).await
}

/// What the audit log says of it.
fn entry(engine: &Engine, caller: &Caller, action: &str, execution: &ExecutionId) -> NewEntry {
    let (clock, entropy) = (engine.clock.as_ref(), engine.entropy.as_ref());
    let tenant = &caller.tenant_id;
    NewEntry::new(clock, entropy, tenant, caller.into(), "execution", action)
        .on("execution", execution.as_str())
}

async fn commit_all(engine: &Engine, changeset: Changeset) -> Result<(), ControlError> {
    match engine.store.commit(changeset.under(&engine.lease)).await {
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
    commit(engine, change, entry(engine, caller, "cancel", execution)).await?;
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
            match commit(engine, change, entry(engine, caller, "cancel", &child)).await {
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
    commit(engine, change, entry(engine, caller, "pause", execution)).await?;
    engine.running.stop(execution);
    Ok(())
}

pub(crate) async fn resume(
    engine: &Arc<Engine>,
    caller: &Caller,
    execution: &ExecutionId,
) -> Result<(), ControlError> {
    let change = Change::Resume(Resume(request(caller, execution)));
    commit(engine, change, entry(engine, caller, "resume", execution)).await?;
    start(engine, caller, execution).await
}

pub(crate) async fn retry(
    engine: &Arc<Engine>,
    caller: &Caller,
    execution: &ExecutionId,
) -> Result<(), ControlError> {
    let mut tries = 0;
    let chain = loop {
        let chain = failed_chain(engine, caller, execution).await?;
        // All at once: a parent whose child is not retried with it would fail again as before.
        let changes = chain
            .iter()
            .map(|id| Change::Retry(Retry(request(caller, id))));
        let entries = chain.iter().map(|id| entry(engine, caller, "retry", id));
        let changeset = changes.fold(Changeset::new(), Changeset::with);
        let changeset = entries.fold(changeset, Changeset::with);
        tries += 1;
        match commit_all(engine, changeset).await {
            Ok(()) => break chain,
            // A child may have been retried by itself meanwhile.
            Err(ControlError::WrongState { .. }) if chain.len() > 1 && tries < TRIES_MAX => {}
            Err(error) => return Err(error),
        }
    };
    for id in &chain {
        start(engine, caller, id).await?;
    }
    Ok(())
}

/// The execution, and the child that it failed of, and the child that this one failed of, and so on.
async fn failed_chain(
    engine: &Engine,
    caller: &Caller,
    execution: &ExecutionId,
) -> Result<Vec<ExecutionId>, ControlError> {
    let executions = engine.store.executions();
    let mut chain = vec![execution.clone()];
    let mut parent = executions.find(&caller.tenant_id, execution).await?;
    while let Some(found) = parent.take()
        && chain.len() < CHAIN_MAX
        && let Some(child) = awaited_child(engine, &found).await?
    {
        let child = executions.find(&caller.tenant_id, &child).await?;
        let failed = |child: &Execution| matches!(child.status, Status::Failed | Status::Cancelled);
        let Some(child) = child.filter(failed) else {
            break;
        };
        chain.push(child.execution_id.clone());
        parent = Some(child);
    }
    Ok(chain)
}

/// The child that an execution waited for last, unless it went on after that.
async fn awaited_child(
    engine: &Engine,
    parent: &Execution,
) -> Result<Option<ExecutionId>, ControlError> {
    let mut end = parent.last_seq;
    while end > 0 {
        let after = end.saturating_sub(u64::from(JOURNAL_PAGE));
        let executions = engine.store.executions();
        let (tenant, id) = (&parent.intent.tenant_id, &parent.execution_id);
        let page = executions.journal(tenant, id, after, JOURNAL_PAGE).await?;
        let operation = page.iter().rfind(|entry| entry.kind.is_operation());
        if let Some(last) = operation {
            let child = last.data.pointer("/result/execution_id");
            let child = child.filter(|_| last.kind == Kind::ChildStarted);
            return Ok(child.and_then(Value::as_str).map(ExecutionId::trusted));
        }
        end = after;
    }
    Ok(None)
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

/// What is said of an execution that a budget has no room for.
fn waits_for_room(
    id: &ExecutionId,
    scope: &str,
    what: &str,
    tokens: u64,
    cost: Money,
    until: Option<Timestamp>,
) -> (String, String) {
    let asked = match what {
        "tokens" => format!("{tokens} tokens"),
        _ => format!("a cost of {}", cost.as_units()),
    };
    let reset = until.map_or_else(String::new, |until| {
        format!(" Some of what is used is forgotten at {until}.")
    });
    (
        format!("It waits until the budget of {scope} has room for {asked}.{reset}"),
        format!(
            "See what the budget was used for with `civitas budgets show {scope}`, give it more with `civitas budgets raise {scope}`, or stop the execution with `civitas executions cancel {id}`."
        ),
    )
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
        (_, Some(Wait::Budget { scope, what, tokens, cost, until })) => waits_for_room(id, scope, what, *tokens, *cost, *until),
        (_, Some(Wait::Approval { code, expires_at, .. })) => (
            format!("It waits for people to decide {code}, until {expires_at}; then it counts as denied."),
            format!("See what it wants with `civitas approvals show {code}`, then `civitas approve {code}` or `civitas deny {code}`."),
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
