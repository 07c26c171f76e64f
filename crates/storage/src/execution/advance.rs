//! How a running execution moves. Every change says which entry of the journal it follows and is refused when that is
//! not the last one any more: a handler that was superseded, or whose earlier change got lost, can write nothing.

use civitas_model::execution::{Failure, Status, Wait};
use civitas_model::journal::NewEntry;
use civitas_model::{ExecutionId, TenantId};
use civitas_sql::{Row, Statement, Val};
use serde_json::Value;

use crate::changeset::Refusal;
use crate::json;
use crate::notice::Notice;
use crate::outbox;
use crate::transaction::{Stop, Transaction};

const START: Statement = Statement::new(include_str!("../queries/execution/start.sql"));
const APPEND: Statement = Statement::new(include_str!("../queries/execution/append.sql"));
const WAIT: Statement = Statement::new(include_str!("../queries/execution/wait.sql"));
const FINISH: Statement = Statement::new(include_str!("../queries/execution/finish.sql"));
const WAKE: Statement = Statement::new(include_str!("../queries/execution/wake.sql"));
const STATUS: Statement = Statement::new(include_str!("../queries/execution/status.sql"));

/// Starts a handler, which fences off every earlier one.
#[derive(Debug)]
pub struct Start {
    /// Whose.
    pub tenant_id: TenantId,
    /// Which execution.
    pub execution_id: ExecutionId,
    /// The last entry the starter knows of.
    pub after_seq: u64,
    /// What to append to the journal.
    pub entries: Vec<NewEntry>,
}

/// Appends entries to the journal of a running execution.
#[derive(Debug)]
pub struct Append {
    /// Whose.
    pub tenant_id: TenantId,
    /// Which execution.
    pub execution_id: ExecutionId,
    /// The last entry the handler knows of.
    pub after_seq: u64,
    /// What to append.
    pub entries: Vec<NewEntry>,
}

/// Parks a running execution until what it waits for arrives.
#[derive(Debug)]
pub struct Suspend {
    /// Whose.
    pub tenant_id: TenantId,
    /// Which execution.
    pub execution_id: ExecutionId,
    /// The last entry the handler knows of.
    pub after_seq: u64,
    /// What to append.
    pub entries: Vec<NewEntry>,
    /// What it waits for.
    pub wait: Wait,
}

/// How an execution ended.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// With artifacts, by key.
    Completed(Value),
    /// With a reason.
    Failed(Failure),
}

/// Finishes a running execution.
#[derive(Debug)]
pub struct Finish {
    /// Whose.
    pub tenant_id: TenantId,
    /// Which execution.
    pub execution_id: ExecutionId,
    /// The last entry the handler knows of.
    pub after_seq: u64,
    /// What to append.
    pub entries: Vec<NewEntry>,
    /// How it ended.
    pub outcome: Outcome,
}

impl Start {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let params = [
            (self.entries.len() as u64).into(),
            tx.now.as_micros().into(),
            self.execution_id.as_str().into(),
            self.after_seq.into(),
        ];
        let row = tx.query_one(&START, &params).await?;
        let journal = Journal {
            tenant_id: &self.tenant_id,
            execution_id: &self.execution_id,
        };
        journal
            .written(tx, row, &self.entries, Some(Status::Running))
            .await
    }
}

impl Append {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let params = [
            (self.entries.len() as u64).into(),
            tx.now.as_micros().into(),
            self.execution_id.as_str().into(),
            self.after_seq.into(),
        ];
        let row = tx.query_one(&APPEND, &params).await?;
        let journal = Journal {
            tenant_id: &self.tenant_id,
            execution_id: &self.execution_id,
        };
        journal.written(tx, row, &self.entries, None).await
    }
}

impl Suspend {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let wait_on = wait_key(&self.wait);
        let mut wake_at = self.wait.until();
        if let Wait::Child { execution_id } = &self.wait
            && is_finished(tx, &self.tenant_id, execution_id).await?
        {
            // The child finished before its parent could wait for it: nobody else would wake the parent.
            wake_at = Some(tx.now);
        }
        let failed = matches!(self.wait, Wait::Retry { .. });
        let params = [
            (self.entries.len() as u64).into(),
            tx.now.as_micros().into(),
            json::text(&self.wait)?,
            wait_on.into(),
            wake_at.map(civitas_model::Timestamp::as_micros).into(),
            failed.into(),
            self.execution_id.as_str().into(),
            self.after_seq.into(),
        ];
        let row = tx.query_one(&WAIT, &params).await?;
        let journal = Journal {
            tenant_id: &self.tenant_id,
            execution_id: &self.execution_id,
        };
        journal
            .written(tx, row, &self.entries, Some(Status::Waiting))
            .await?;
        if wake_at.is_some() {
            tx.notify(Notice::Schedule);
        }
        Ok(())
    }
}

impl Finish {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let now = tx.now.as_micros();
        let (status, result, failure) = match &self.outcome {
            Outcome::Completed(result) => (Status::Completed, json::text(result)?, Val::Null),
            Outcome::Failed(failure) => (Status::Failed, Val::Null, json::text(failure)?),
        };
        let params = [
            status.as_str().into(),
            (self.entries.len() as u64).into(),
            now.into(),
            now.into(),
            result,
            failure,
            self.execution_id.as_str().into(),
            self.after_seq.into(),
        ];
        let row = tx.query_one(&FINISH, &params).await?;
        let journal = Journal {
            tenant_id: &self.tenant_id,
            execution_id: &self.execution_id,
        };
        journal
            .written(tx, row, &self.entries, Some(status))
            .await?;
        wake_waiting_on(tx, &self.execution_id).await
    }
}

/// The journal that a change appends to.
struct Journal<'a> {
    tenant_id: &'a TenantId,
    execution_id: &'a ExecutionId,
}

impl Journal<'_> {
    /// Writes the entries once the execution's row allowed it; refuses when it did not.
    async fn written(
        &self,
        tx: &mut Transaction<'_>,
        row: Option<Row>,
        entries: &[NewEntry],
        status: Option<Status>,
    ) -> Result<(), Stop> {
        let Some(row) = row else {
            let status = find_status(tx, self.tenant_id, self.execution_id).await?;
            return Err(Refusal::WrongState { status }.into());
        };
        let last_seq = row.count("last_seq")?;
        let first = last_seq + 1 - entries.len() as u64;
        outbox::append(
            tx,
            self.tenant_id,
            self.execution_id.as_str(),
            first,
            entries,
        )
        .await?;
        tx.notify(Notice::Execution {
            execution_id: self.execution_id.clone(),
            last_seq,
            status,
        });
        Ok(())
    }
}

/// What is stored in `wait_on`, so that whoever ends the wait finds the one who waits.
fn wait_key(wait: &Wait) -> Option<String> {
    match wait {
        Wait::Child { execution_id } => Some(format!("child:{execution_id}")),
        Wait::Timer { .. } | Wait::Retry { .. } | Wait::Paused { .. } => None,
    }
}

/// Makes every execution that waits for `execution_id` due now.
pub(super) async fn wake_waiting_on(
    tx: &mut Transaction<'_>,
    execution_id: &ExecutionId,
) -> Result<(), Stop> {
    let key = wait_key(&Wait::Child {
        execution_id: execution_id.clone(),
    });
    if !tx
        .query(&WAKE, &[tx.now.as_micros().into(), key.into()])
        .await?
        .is_empty()
    {
        tx.notify(Notice::Schedule);
    }
    Ok(())
}

async fn is_finished(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    execution: &ExecutionId,
) -> Result<bool, Stop> {
    // A child that retention removed has finished, too.
    Ok(find_status(tx, tenant, execution)
        .await?
        .is_none_or(Status::is_final))
}

pub(super) async fn find_status(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    execution: &ExecutionId,
) -> Result<Option<Status>, Stop> {
    let row = tx
        .query_one(
            &STATUS,
            &[tenant.as_str().into(), execution.as_str().into()],
        )
        .await?;
    Ok(row
        .map(|row| row.text("status").map(Status::parse))
        .transpose()?
        .flatten())
}
