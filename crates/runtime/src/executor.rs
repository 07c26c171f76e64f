//! The executor: runs one handler from where its journal ends to its end, or to where it waits.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use civitas_intent::host::{Batch, Ended};
use civitas_intent::{Context, Definition, Policy};
use civitas_model::approval::ApprovalState;
use civitas_model::budget::Shortage;
use civitas_model::execution::{Failure, Status, Wait};
use civitas_model::journal::{Entry, Kind, NewEntry};
use civitas_model::{ErrorCode, Execution};
use civitas_storage::execution::Outcome;
use civitas_storage::{CommitError, Refusal, SqlError};
use futures::FutureExt;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::host::RunHost;
use crate::pipeline::End;
use crate::queue::Ready;
use crate::runtime::Engine;
use crate::{approval, budget};

/// Entries of a journal read at once.
const PAGE: u32 = 1000;
/// How long to wait before looking again at an execution whose run could not be recorded because storage failed.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// The same after a run was superseded: whoever did it says when there is something to run, so this is a safety net.
pub(crate) const SUPERSEDED_LOOK: Duration = Duration::from_millis(100);

/// What to do with an execution after its run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// Nothing: its state is durable.
    Nothing,
    /// Look at it again after a while: what became of it is not known.
    LookAgain(Duration),
}

/// Runs an execution. Whatever happens, what is durable is consistent; the answer says whether to look again.
pub(crate) async fn run(engine: &Arc<Engine>, ready: Ready, stop: &CancellationToken) -> After {
    let loaded = match ready.fresh {
        Some(execution) => Ok(Some((*execution, Vec::new()))),
        None => load(engine, &ready).await,
    };
    let (execution, journal) = match loaded {
        Ok(Some(loaded)) => loaded,
        Ok(None) => return After::Nothing,
        Err(error) => {
            tracing::warn!(%error, execution_id = %ready.execution_id, "an execution cannot be read");
            return After::LookAgain(LOOK_AGAIN);
        }
    };
    let (attempt, retries) = (execution.attempt + 1, execution.retries);
    let started = NewEntry::new(Kind::Started, "", json!({ "attempt": attempt }));
    let host = Arc::new(RunHost::new(Arc::clone(engine), execution, started));
    let run = Run {
        engine,
        host: &host,
        retries,
    };
    match run.run(journal, stop).await {
        Ok(()) => After::Nothing,
        Err(CommitError::Refused(refusal)) => refused(engine, &host, refusal).await,
        Err(error) => {
            tracing::warn!(%error, execution_id = %host.execution_id, "a run could not be recorded");
            After::LookAgain(LOOK_AGAIN)
        }
    }
}

/// What follows when what a run wrote was refused.
async fn refused(engine: &Arc<Engine>, host: &RunHost, refusal: Refusal) -> After {
    match refusal {
        Refusal::LeaseLost => {
            engine.lose_lease();
            After::Nothing
        }
        Refusal::OverQuota => {
            let message = "your tenant's quota leaves no room for the file: purge files that are not needed, or ask the operator for a larger quota, and retry";
            fail_refused(engine, host, ErrorCode::QuotaExceeded, message.to_owned()).await
        }
        refusal if approval::is_final(&refusal) => {
            let message = format!("people cannot be asked: {refusal}");
            fail_refused(engine, host, ErrorCode::IntentRejected, message).await
        }
        Refusal::OverBudget {
            scope,
            what,
            cap,
            used,
            reserved,
            asked,
            waits,
            retry_at,
        } => {
            let short = Shortage {
                what,
                cap,
                used,
                reserved,
                asked,
            };
            if waits {
                budget::wait(engine, host, &scope, short, retry_at).await
            } else {
                let message = budget::refused(&scope, short);
                fail_refused(engine, host, ErrorCode::BudgetExceeded, message).await
            }
        }
        refusal @ Refusal::TooMany { .. } => {
            fail_refused(engine, host, ErrorCode::QuotaExceeded, refusal.to_string()).await
        }
        refusal => {
            // Someone else moved the execution: cancelled, paused, or an earlier changeset of ours got lost.
            tracing::debug!(%refusal, execution_id = %host.execution_id, "a run was superseded");
            After::LookAgain(SUPERSEDED_LOOK)
        }
    }
}

/// Fails an execution that wrote what there is no room for: a file, or a reservation. Nothing of what it wrote with it is there.
async fn fail_refused(
    engine: &Arc<Engine>,
    refused: &RunHost,
    code: ErrorCode,
    message: String,
) -> After {
    let (tenant, id) = (&refused.intent.tenant_id, &refused.execution_id);
    let failed = async {
        let found = engine.store.executions().find(tenant, id).await;
        let found = found.map_err(|error| CommitError::Unavailable(error.to_string()))?;
        let Some(execution) = found.filter(|execution| !execution.status.is_final()) else {
            return Ok(());
        };
        let started = json!({ "attempt": execution.attempt + 1 });
        let started = NewEntry::new(Kind::Started, "", started);
        let retries = execution.retries;
        let host = Arc::new(RunHost::new(Arc::clone(engine), execution, started));
        let run = Run {
            engine,
            host: &host,
            retries,
        };
        run.fail(code, message).await
    };
    match failed.await {
        Ok(()) => After::Nothing,
        Err(error) => {
            tracing::warn!(%error, execution_id = %id, "a run could not be recorded");
            After::LookAgain(LOOK_AGAIN)
        }
    }
}

/// Reads an execution and its journal, when it may run now.
async fn load(engine: &Engine, ready: &Ready) -> Result<Option<(Execution, Vec<Entry>)>, SqlError> {
    let executions = engine.store.executions();
    let Some(execution) = executions
        .find(&ready.tenant_id, &ready.execution_id)
        .await?
    else {
        return Ok(None);
    };
    if !may_run(engine, &execution).await? {
        return Ok(None);
    }
    let mut journal: Vec<Entry> = Vec::new();
    while (journal.len() as u64) < execution.last_seq {
        let after = journal.last().map_or(0, |entry| entry.seq);
        let page = executions
            .journal(&ready.tenant_id, &ready.execution_id, after, PAGE)
            .await?;
        if page.is_empty() {
            break;
        }
        journal.extend(page);
    }
    // Someone appended between the two readings: the next look sees both.
    if journal
        .last()
        .is_none_or(|entry| entry.seq != execution.last_seq)
    {
        return Err(SqlError::inconsistent(
            "outbox.seq",
            "the journal grew while it was read",
        ));
    }
    Ok(Some((execution, journal)))
}

/// Whether it is time: what was ready when it was queued may have moved since.
async fn may_run(engine: &Engine, execution: &Execution) -> Result<bool, SqlError> {
    Ok(match (&execution.status, &execution.wait) {
        // One that waits for room was woken because there may be some: it finds out by asking for it again.
        (Status::Pending | Status::Running, _) | (Status::Waiting, Some(Wait::Budget { .. })) => {
            true
        }
        (Status::Waiting, Some(Wait::Child { execution_id })) => {
            let executions = engine.store.executions();
            let child = executions
                .find(&execution.intent.tenant_id, execution_id)
                .await?;
            child.is_none_or(|child| child.status.is_final())
        }
        (Status::Waiting, Some(Wait::Approval { approval_id, .. })) => {
            let tenant = &execution.intent.tenant_id;
            let approval = engine.store.approvals().find(tenant, approval_id).await?;
            let now = engine.clock.now();
            approval.is_none_or(|approval| approval.state_at(now) != ApprovalState::Pending)
        }
        (Status::Waiting, Some(wait)) => wait
            .until()
            .is_some_and(|until| until <= engine.clock.now()),
        _ => false,
    })
}

/// Runs the handler with a time limit, and turns a panic into an error worth retrying.
async fn guarded(context: Context, definition: &Definition) -> Ended {
    let limit = definition.policy().attempt_timeout;
    let run = AssertUnwindSafe(context.run(definition)).catch_unwind();
    match tokio::time::timeout(limit, run).await {
        Ok(Ok(ended)) => ended,
        Ok(Err(panic)) => Ended::Retry {
            error: format!("the handler panicked: {}", describe(&*panic)),
        },
        Err(_) => Ended::Retry {
            error: format!("the attempt took longer than {limit:?}"),
        },
    }
}

fn describe(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".to_owned())
}

/// One run of a handler, and the changesets that begin and end it.
struct Run<'a> {
    engine: &'a Arc<Engine>,
    host: &'a Arc<RunHost>,
    /// How many attempts failed before.
    retries: u32,
}

impl Run<'_> {
    async fn run(&self, journal: Vec<Entry>, stop: &CancellationToken) -> Result<(), CommitError> {
        let Some(definition) = self.engine.registry.find(&self.host.intent.intent_type) else {
            let message =
                "no realm of this binary registers the intent: run a binary that does, and retry";
            return self
                .fail(ErrorCode::UnknownIntentType, message.to_owned())
                .await;
        };
        let context = Context::new(
            self.host.execution_id.clone(),
            Arc::clone(&self.host.intent),
            journal,
            Arc::<RunHost>::clone(self.host),
        );
        let ended = tokio::select! {
            biased;
            // Cancelled, paused, or the node stops: the run ends without a trace.
            () = stop.cancelled() => {
                // What is on its way may be a child, which is queued once it is durable.
                let _ = self.host.settle().await;
                return Ok(());
            }
            ended = self.host.drive(guarded(context, definition)) => ended?,
        };
        match ended {
            Ended::Completed { artifacts, last } => self.complete(artifacts, last).await,
            Ended::Suspended { wait, last } => self.suspend(wait, last).await,
            Ended::Rejected {
                code,
                message,
                last,
            } => self.fail_with(code, message, last).await,
            Ended::Retry { error } => self.retry(definition.policy(), error).await,
            Ended::Superseded => self.host.settle().await,
        }
    }

    async fn complete(
        &self,
        artifacts: serde_json::Map<String, Value>,
        last: Batch,
    ) -> Result<(), CommitError> {
        let keys: Vec<&String> = artifacts.keys().collect();
        let entry = NewEntry::new(Kind::Completed, "", json!({ "artifacts": keys }));
        self.finish(entry, last, Outcome::Completed(Value::Object(artifacts)))
            .await
    }

    /// What the handler wrote since its last operation is dropped: a failed execution keeps what its steps committed.
    async fn fail(&self, code: ErrorCode, message: String) -> Result<(), CommitError> {
        self.fail_with(code, message, Batch::default()).await
    }

    async fn fail_with(
        &self,
        code: ErrorCode,
        message: String,
        last: Batch,
    ) -> Result<(), CommitError> {
        let failure = Failure {
            code: code.as_str().to_owned(),
            message,
        };
        let entry = NewEntry::new(Kind::Failed, "", json!(failure));
        self.finish(entry, last, Outcome::Failed(failure)).await
    }

    async fn finish(
        &self,
        entry: NewEntry,
        last: Batch,
        outcome: Outcome,
    ) -> Result<(), CommitError> {
        let status = match &outcome {
            Outcome::Completed(_) => "completed",
            Outcome::Failed(_) => "failed",
        };
        self.host.end(entry, last, End::Finish(outcome)).await?;
        let intent_type = self.host.intent.intent_type.clone();
        metrics::counter!("civitas_executions_finished_total", "status" => status, "intent_type" => intent_type)
            .increment(1);
        Ok(())
    }

    async fn suspend(&self, wait: Wait, last: Batch) -> Result<(), CommitError> {
        let entry = NewEntry::new(Kind::Waiting, "", json!(wait));
        self.host.end(entry, last, End::Suspend(wait)).await
    }

    async fn retry(&self, policy: &Policy, error: String) -> Result<(), CommitError> {
        if self.retries >= policy.retries_max {
            let message = format!("every retry was used up; the last error: {error}");
            return self.fail(ErrorCode::RetriesExhausted, message).await;
        }
        let delay = backoff(policy, self.retries, self.engine.entropy.fraction());
        let wait = Wait::Retry {
            until: self.engine.clock.now().plus(delay),
            error,
        };
        let entry = NewEntry::new(Kind::Retrying, "", json!(wait));
        let last = Batch::default();
        self.host.end(entry, last, End::Suspend(wait)).await
    }
}

/// Exponential, with full jitter over the upper half: retries of many executions spread out.
fn backoff(policy: &Policy, retries: u32, fraction: f64) -> Duration {
    let delay = policy
        .retry_delay
        .saturating_mul(2_u32.saturating_pow(retries.min(20)))
        .min(policy.retry_delay_max);
    delay.mul_f64(0.5 + fraction / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_its_limit_and_is_never_less_than_half() {
        let policy = Policy {
            retry_delay: Duration::from_secs(1),
            retry_delay_max: Duration::from_secs(10),
            ..Policy::DEFAULT
        };
        let seconds = |retries, fraction| backoff(&policy, retries, fraction).as_secs_f64();
        assert!((seconds(0, 0.0) - 0.5).abs() < 1e-9);
        assert!((seconds(2, 1.0) - 4.0).abs() < 1e-9);
        assert!((seconds(u32::MAX, 1.0) - 10.0).abs() < 1e-9);
    }
}
