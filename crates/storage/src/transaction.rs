//! The transaction that changes are applied in.

use std::collections::HashMap;

use civitas_model::{ExecutionId, TenantId, Timestamp};
use civitas_sql::{Error, Row, Statement, Val, Writer};

use crate::audit::Heads;
use crate::changeset::Refusal;
use crate::lease::Lease;
use crate::notice::Notice;
use crate::usage::{Quota, Quotas};

const COUNTER_ADVANCE: Statement = Statement::new(include_str!("queries/counter/advance.sql"));

/// Why a change was not applied.
#[derive(Debug)]
pub(crate) enum Stop {
    /// A precondition does not hold.
    Refused(Refusal),
    /// The execution is not in a state, or its journal not at the entry, that allows the change.
    WrongState(TenantId, ExecutionId),
    /// The database failed.
    Failed(Error),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Statements that wait to be sent together, at most.
const LATER_MAX: usize = 512;

/// What it means how many rows a statement changed.
#[derive(Debug)]
pub(crate) enum Meaning {
    /// Nothing.
    Nothing,
    /// When there were none, the changeset stops.
    Required(Stop),
    /// When there were some, this is said.
    Announced(Notice),
}

impl Meaning {
    /// Without a changed row the changeset is refused.
    pub(crate) fn required(refusal: Refusal) -> Self {
        Self::Required(Stop::Refused(refusal))
    }
}

/// An open transaction, with what will be said once it is committed.
///
/// Statements whose answer nobody needs at once are collected and sent together before the next one whose answer is
/// needed, so that a remote database is not waited for once per statement. Their order is kept.
pub(crate) struct Transaction<'a> {
    writer: &'a mut Writer,
    quotas: &'a Quotas,
    /// The time of everything written in this transaction.
    pub(crate) now: Timestamp,
    pub(crate) notices: Vec<Notice>,
    leases: HashMap<String, u64>,
    /// Where the audit logs that were appended to go on.
    pub(crate) audit: Heads,
    later: Vec<(Statement, Vec<Val>)>,
    /// What the answer to the statement of the same position means.
    later_meanings: Vec<Meaning>,
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(writer: &'a mut Writer, quotas: &'a Quotas, now: Timestamp) -> Self {
        Self {
            writer,
            quotas,
            now,
            notices: Vec::new(),
            leases: HashMap::new(),
            audit: Heads::default(),
            later: Vec::new(),
            later_meanings: Vec::new(),
        }
    }

    /// Marks the point that [`Self::undo`] goes back to.
    pub(crate) async fn mark(&mut self) -> Result<(), Error> {
        self.audit.mark();
        self.writer.savepoint().await
    }

    /// Keeps what was done since [`Self::mark`].
    pub(crate) async fn keep(&mut self) -> Result<(), Error> {
        self.writer.release().await
    }

    /// Undoes what was done since [`Self::mark`], when `notices` had been said.
    pub(crate) async fn undo(&mut self, notices: usize) -> Result<(), Error> {
        self.later.clear();
        self.later_meanings.clear();
        self.leases.clear();
        self.audit.undo();
        self.notices.truncate(notices);
        self.writer.undo().await
    }

    /// Runs a statement some time before the next one whose answer is needed.
    pub(crate) async fn execute_later(
        &mut self,
        statement: &Statement,
        params: Vec<Val>,
        meaning: Meaning,
    ) -> Result<(), Stop> {
        self.later.push((*statement, params));
        self.later_meanings.push(meaning);
        if !self.writer.is_remote() || self.later.len() >= LATER_MAX {
            self.flush().await?;
        }
        Ok(())
    }

    /// Runs what was put off.
    pub(crate) async fn flush(&mut self) -> Result<(), Stop> {
        if self.later.is_empty() {
            return Ok(());
        }
        let answers = self.writer.execute_all(&self.later).await;
        self.later.clear();
        // In order: after the first that failed or changed nothing, the others' answers mean nothing.
        for (answer, meaning) in answers.into_iter().zip(self.later_meanings.drain(..)) {
            match (answer?, meaning) {
                (0, Meaning::Required(stop)) => return Err(stop),
                (1.., Meaning::Announced(notice)) => self.notices.push(notice),
                _ => {}
            }
        }
        Ok(())
    }

    pub(crate) async fn execute(
        &mut self,
        statement: &Statement,
        params: Vec<Val>,
    ) -> Result<u64, Stop> {
        self.flush().await?;
        Ok(self.writer.execute(statement, params).await?)
    }

    pub(crate) async fn query(
        &mut self,
        statement: &Statement,
        params: &[Val],
    ) -> Result<Vec<Row>, Stop> {
        self.flush().await?;
        Ok(self.writer.query(statement, params).await?)
    }

    /// Reads when nothing is put off.
    pub(crate) async fn query_now(
        &mut self,
        statement: &Statement,
        params: &[Val],
    ) -> Result<Vec<Row>, Error> {
        self.writer.query(statement, params).await
    }

    pub(crate) async fn query_one(
        &mut self,
        statement: &Statement,
        params: &[Val],
    ) -> Result<Option<Row>, Stop> {
        Ok(self.query(statement, params).await?.into_iter().next())
    }

    /// How much a tenant may keep.
    pub(crate) fn quota(&self, tenant: &TenantId) -> Quota {
        self.quotas.of(tenant)
    }

    /// How many uploads a tenant may have open.
    pub(crate) const fn open_uploads_max(&self) -> u64 {
        self.quotas.open_uploads
    }

    pub(crate) fn notify(&mut self, notice: Notice) {
        self.notices.push(notice);
    }

    /// Takes the next number of a named counter.
    pub(crate) async fn advance(&mut self, counter: &'static str) -> Result<u64, Stop> {
        let row = self
            .query_one(&COUNTER_ADVANCE, &[1_i64.into(), counter.into()])
            .await?;
        let row = row.ok_or_else(|| {
            Error::inconsistent("counters.value", format!("no counter {counter}"))
        })?;
        Ok(row.count("value")?)
    }

    /// Forgets what is known of leases, because one was taken in this transaction.
    pub(crate) fn forget_leases(&mut self) {
        self.leases.clear();
    }

    /// Refuses unless the lease is still held at its epoch. Asked once per transaction and lease.
    pub(crate) async fn check_lease(&mut self, lease: &Lease) -> Result<(), Stop> {
        let epoch = if let Some(epoch) = self.leases.get(&lease.name) {
            *epoch
        } else {
            let epoch = lease.current_epoch(self).await?;
            self.leases.insert(lease.name.clone(), epoch);
            epoch
        };
        if epoch == lease.epoch {
            Ok(())
        } else {
            Err(Refusal::LeaseLost.into())
        }
    }
}
