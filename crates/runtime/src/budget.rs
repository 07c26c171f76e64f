//! Executions that a budget has no room for: they wait until it has some, or fail.

use std::sync::Arc;

use civitas_model::budget::{Scope, Shortage};
use civitas_model::execution::{Status, Wait};
use civitas_model::journal::{Kind, NewEntry};
use civitas_model::{Money, Timestamp};
use civitas_storage::execution::Suspend;
use civitas_storage::{Change, Changeset, CommitError, Refusal};
use serde_json::json;

use crate::executor::{After, LOOK_AGAIN, SUPERSEDED_LOOK};
use crate::host::RunHost;
use crate::runtime::Engine;

/// Parks an execution whose reservation was refused. Everything before the reservation is durable, and nothing of what was
/// written with it is there.
///
/// Whether there is room by now is looked at in the transaction that parks it: nobody would wake it otherwise.
pub(crate) async fn wait(
    engine: &Arc<Engine>,
    host: &RunHost,
    scope: &Scope,
    short: Shortage,
    until: Option<Timestamp>,
) -> After {
    match park(engine, host, scope, short, until).await {
        Ok(()) => After::Nothing,
        Err(CommitError::Refused(Refusal::LeaseLost)) => {
            engine.lose_lease();
            After::Nothing
        }
        // Someone else moved the execution meanwhile.
        Err(CommitError::Refused(_)) => After::LookAgain(SUPERSEDED_LOOK),
        Err(error) => {
            tracing::warn!(%error, execution_id = %host.execution_id, "a wait could not be recorded");
            After::LookAgain(LOOK_AGAIN)
        }
    }
}

async fn park(
    engine: &Engine,
    host: &RunHost,
    scope: &Scope,
    short: Shortage,
    until: Option<Timestamp>,
) -> Result<(), CommitError> {
    let tenant_id = host.intent.tenant_id.clone();
    let executions = engine.store.executions();
    let found = executions.find(&tenant_id, &host.execution_id).await;
    let found = found.map_err(|error| CommitError::Unavailable(error.to_string()))?;
    let Some(execution) = found.filter(|found| found.status == Status::Running) else {
        return Ok(());
    };
    let (tokens, cost) = match short.what {
        "tokens" => (short.asked, Money::default()),
        _ => (0, Money::from_micros(short.asked)),
    };
    let wait = Wait::Budget {
        scope: scope.to_string(),
        what: short.what.to_owned(),
        tokens,
        cost,
        until,
    };
    let suspend = Suspend {
        tenant_id,
        execution_id: host.execution_id.clone(),
        after_seq: execution.last_seq,
        entries: vec![NewEntry::new(Kind::Waiting, "", json!(wait))],
        wait,
    };
    let changes = Changeset::new().with(Change::Suspend(suspend));
    engine.store.commit(changes.under(&engine.lease)).await?;
    Ok(())
}

/// What an execution is told that a budget refuses.
pub(crate) fn refused(scope: &Scope, short: Shortage) -> String {
    let show = |count: u64| match short.what {
        "tokens" => format!("{count} tokens"),
        _ => Money::from_micros(count).as_units().to_string(),
    };
    format!(
        "the budget of {scope} has no room for it: {} of {} are used, {} are reserved and {} are asked for: ask an administrator to raise it (`civitas budgets raise {scope}`), and retry",
        show(short.used),
        show(short.cap),
        show(short.reserved),
        show(short.asked),
    )
}
