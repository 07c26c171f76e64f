//! How a running execution moves. Every change says which entry of the journal it follows and is refused when that is
//! not the last one any more: a handler that was superseded, or whose earlier change got lost, can write nothing.

use civitas_model::budget::Amount;
use civitas_model::execution::{Failure, Status, Wait};
use civitas_model::journal::NewEntry;
use civitas_model::{ExecutionId, TenantId};
use civitas_sql::{Error, Statement, Val};
use serde_json::Value;

use crate::json;
use crate::notice::Notice;
use crate::outbox;
use crate::transaction::{Meaning, Stop, Transaction};
use crate::{approval, budget};

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
    /// What to append: at least one entry, or a later change could not notice that this one got lost.
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
    fn journal(&self) -> Journal<'_> {
        Journal {
            tenant_id: &self.tenant_id,
            execution_id: &self.execution_id,
            after_seq: self.after_seq,
            entries: &self.entries,
        }
    }

    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let params = vec![
            (self.entries.len() as u64).into(),
            tx.now.as_micros().into(),
            self.tenant_id.as_str().into(),
            self.execution_id.as_str().into(),
            self.after_seq.into(),
        ];
        self.journal()
            .advance(tx, &START, params, Some(Status::Running))
            .await
    }
}

impl Append {
    fn journal(&self) -> Journal<'_> {
        Journal {
            tenant_id: &self.tenant_id,
            execution_id: &self.execution_id,
            after_seq: self.after_seq,
            entries: &self.entries,
        }
    }

    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let params = vec![
            (self.entries.len() as u64).into(),
            tx.now.as_micros().into(),
            self.tenant_id.as_str().into(),
            self.execution_id.as_str().into(),
            self.after_seq.into(),
        ];
        self.journal().advance(tx, &APPEND, params, None).await
    }
}

impl Suspend {
    fn journal(&self) -> Journal<'_> {
        Journal {
            tenant_id: &self.tenant_id,
            execution_id: &self.execution_id,
            after_seq: self.after_seq,
            entries: &self.entries,
        }
    }

    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let wait_on = wait_key(&self.wait);
        let mut wake_at = self.wait.until();
        if let Wait::Child { execution_id } = &self.wait
            && is_finished(tx, &self.tenant_id, execution_id).await?
        {
            // The child finished before its parent could wait for it: nobody else would wake the parent.
            wake_at = Some(tx.now);
        }
        if let Wait::Budget {
            scope,
            tokens,
            cost,
            ..
        } = &self.wait
        {
            let amount = Amount::new(*tokens, *cost);
            wake_at = budget::wait_for(tx, &self.tenant_id, scope, amount).await?;
        }
        if let Wait::Approval { approval_id, .. } = &self.wait
            && !approval::is_pending(tx, &self.tenant_id, approval_id).await?
        {
            // It was decided before its execution could wait for it.
            wake_at = Some(tx.now);
        }
        let failed = matches!(self.wait, Wait::Retry { .. });
        let params = vec![
            (self.entries.len() as u64).into(),
            tx.now.as_micros().into(),
            json::text(&self.wait)?,
            wait_on.into(),
            wake_at.map(civitas_model::Timestamp::as_micros).into(),
            failed.into(),
            self.tenant_id.as_str().into(),
            self.execution_id.as_str().into(),
            self.after_seq.into(),
        ];
        self.journal()
            .advance(tx, &WAIT, params, Some(Status::Waiting))
            .await?;
        if wake_at.is_some() {
            tx.notify(Notice::Schedule);
        }
        Ok(())
    }
}

impl Finish {
    fn journal(&self) -> Journal<'_> {
        Journal {
            tenant_id: &self.tenant_id,
            execution_id: &self.execution_id,
            after_seq: self.after_seq,
            entries: &self.entries,
        }
    }

    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let now = tx.now.as_micros();
        let (status, result, failure) = match &self.outcome {
            Outcome::Completed(result) => (Status::Completed, json::text(result)?, Val::Null),
            Outcome::Failed(failure) => (Status::Failed, Val::Null, json::text(failure)?),
        };
        let params = vec![
            status.as_str().into(),
            (self.entries.len() as u64).into(),
            now.into(),
            now.into(),
            result,
            failure,
            self.tenant_id.as_str().into(),
            self.execution_id.as_str().into(),
            self.after_seq.into(),
        ];
        self.journal()
            .advance(tx, &FINISH, params, Some(status))
            .await?;
        wake_waiting_on(tx, &self.tenant_id, &self.execution_id).await
    }
}

/// The journal that a change appends to.
struct Journal<'a> {
    tenant_id: &'a TenantId,
    execution_id: &'a ExecutionId,
    after_seq: u64,
    entries: &'a [NewEntry],
}

impl Journal<'_> {
    /// Changes the execution's row, which allows it only at the expected entry, and writes the entries.
    async fn advance(
        &self,
        tx: &mut Transaction<'_>,
        statement: &Statement,
        params: Vec<Val>,
        status: Option<Status>,
    ) -> Result<(), Stop> {
        let otherwise = Stop::WrongState(self.tenant_id.clone(), self.execution_id.clone());
        tx.execute_later(statement, params, Meaning::Required(otherwise))
            .await?;
        let stream = self.execution_id.as_str();
        let first = self.after_seq.saturating_add(1);
        outbox::append(tx, self.tenant_id, stream, first, self.entries).await?;
        tx.notify(Notice::Execution {
            execution_id: self.execution_id.clone(),
            last_seq: self.after_seq.saturating_add(self.entries.len() as u64),
            status,
        });
        Ok(())
    }
}

/// What is stored in `wait_on`, so that whoever ends the wait finds the one who waits.
fn wait_key(wait: &Wait) -> Option<String> {
    match wait {
        Wait::Child { execution_id } => Some(format!("child:{execution_id}")),
        Wait::Budget { scope, .. } => Some(budget::wait_key(scope)),
        Wait::Approval { approval_id, .. } => Some(approval_key(approval_id)),
        Wait::Timer { .. } | Wait::Retry { .. } | Wait::Paused { .. } => None,
    }
}

fn approval_key(approval_id: &str) -> String {
    format!("approval:{approval_id}")
}

/// Makes every execution that waits for `execution_id` due now.
pub(super) async fn wake_waiting_on(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    execution_id: &ExecutionId,
) -> Result<(), Stop> {
    let key = wait_key(&Wait::Child {
        execution_id: execution_id.clone(),
    });
    wake(tx, tenant, key).await
}

/// Makes every execution that waits for an approval due now.
pub(crate) async fn wake_waiting_for_approval(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    approval_id: &str,
) -> Result<(), Stop> {
    wake(tx, tenant, Some(approval_key(approval_id))).await
}

async fn wake(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    key: Option<String>,
) -> Result<(), Stop> {
    let params = vec![
        tx.now.as_micros().into(),
        tenant.as_str().into(),
        key.into(),
    ];
    tx.execute_later(&WAKE, params, Meaning::Announced(Notice::Schedule))
        .await
}

async fn is_finished(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    execution: &ExecutionId,
) -> Result<bool, Stop> {
    tx.flush().await?;
    // A child that retention removed has finished, too.
    Ok(find_status(tx, tenant, execution)
        .await?
        .is_none_or(Status::is_final))
}

pub(crate) async fn find_status(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    execution: &ExecutionId,
) -> Result<Option<Status>, Error> {
    let params = [tenant.as_str().into(), execution.as_str().into()];
    let rows = tx.query_now(&STATUS, &params).await?;
    let status = rows.first().map(|row| row.text("status")).transpose()?;
    Ok(status.and_then(Status::parse))
}
