//! The transaction that changes are applied in.

use std::collections::HashMap;

use civitas_model::Timestamp;
use civitas_sql::{Error, Row, Statement, Val, Writer};

use crate::changeset::Refusal;
use crate::lease::Lease;
use crate::notice::Notice;

const COUNTER_ADVANCE: Statement = Statement::new(include_str!("queries/counter/advance.sql"));

/// Why a change was not applied.
#[derive(Debug)]
pub(crate) enum Stop {
    /// A precondition does not hold.
    Refused(Refusal),
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

/// An open transaction, with what will be said once it is committed.
pub(crate) struct Transaction<'a> {
    writer: &'a mut Writer,
    /// The time of everything written in this transaction.
    pub(crate) now: Timestamp,
    pub(crate) notices: Vec<Notice>,
    leases: HashMap<String, u64>,
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(writer: &'a mut Writer, now: Timestamp) -> Self {
        Self {
            writer,
            now,
            notices: Vec::new(),
            leases: HashMap::new(),
        }
    }

    pub(crate) fn writer(&mut self) -> &mut Writer {
        self.writer
    }

    pub(crate) async fn execute(
        &mut self,
        statement: &Statement,
        params: &[Val],
    ) -> Result<u64, Error> {
        self.writer.execute(statement, params).await
    }

    pub(crate) async fn query(
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
    ) -> Result<Option<Row>, Error> {
        Ok(self
            .writer
            .query(statement, params)
            .await?
            .into_iter()
            .next())
    }

    pub(crate) fn notify(&mut self, notice: Notice) {
        self.notices.push(notice);
    }

    /// Takes the next number of a named counter.
    pub(crate) async fn advance(&mut self, counter: &'static str) -> Result<u64, Error> {
        let row = self
            .query_one(&COUNTER_ADVANCE, &[1_i64.into(), counter.into()])
            .await?;
        row.ok_or_else(|| Error::inconsistent("counters.value", format!("no counter {counter}")))?
            .count("value")
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
