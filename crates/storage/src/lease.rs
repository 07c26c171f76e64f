//! Leases: who may write on behalf of the engine, at which epoch.

use std::time::Duration;

use civitas_model::Timestamp;
use civitas_sql::Statement;

use crate::changeset::{Change, Changeset, CommitError, Refusal};
use crate::store::Store;
use crate::transaction::{Meaning, Stop, Transaction};

const ACQUIRE: Statement = Statement::new(include_str!("queries/lease/acquire.sql"));
const RENEW: Statement = Statement::new(include_str!("queries/lease/renew.sql"));
const RELEASE: Statement = Statement::new(include_str!("queries/lease/release.sql"));
const FIND: Statement = Statement::new(include_str!("queries/lease/find.sql"));
const LOCK: Statement = Statement::differing(
    include_str!("queries/lease/lock.sql"),
    include_str!("queries/lease/lock.postgres.sql"),
);

/// The right to write on behalf of the engine. Every take-over raises the epoch, so that what an earlier holder still
/// has on its way is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What it is for.
    pub name: String,
    /// How often it was taken.
    pub epoch: u64,
}

/// A change of a lease.
#[derive(Debug)]
pub enum LeaseChange {
    /// Takes it, when nobody else holds it.
    Acquire {
        /// What it is for.
        name: String,
        /// Who takes it.
        holder: String,
        /// How long it lasts unless renewed.
        lifetime: Duration,
    },
    /// Makes it last longer.
    Renew {
        /// The lease.
        lease: Lease,
        /// How long from now.
        lifetime: Duration,
    },
    /// Gives it back.
    Release {
        /// The lease.
        lease: Lease,
    },
}

impl LeaseChange {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let now = tx.now;
        match self {
            Self::Acquire {
                name,
                holder,
                lifetime,
            } => {
                let until = now.plus(*lifetime).as_micros();
                let params = [
                    name.as_str().into(),
                    holder.as_str().into(),
                    until.into(),
                    now.as_micros().into(),
                ];
                if tx.query(&ACQUIRE, &params).await?.is_empty() {
                    return Err(Refusal::LeaseLost.into());
                }
                // Whoever wrote under the epoch before must be refused from here on, even in this transaction.
                tx.forget_leases();
            }
            Self::Renew { lease, lifetime } => {
                let until = now.plus(*lifetime).as_micros();
                let params = vec![until.into(), lease.name.as_str().into(), lease.epoch.into()];
                tx.execute_later(&RENEW, params, Meaning::required(Refusal::LeaseLost))
                    .await?;
            }
            Self::Release { lease } => {
                let params = vec![lease.name.as_str().into(), lease.epoch.into()];
                tx.execute_later(&RELEASE, params, Meaning::Nothing).await?;
            }
        }
        Ok(())
    }
}

impl Lease {
    pub(crate) async fn current_epoch(&self, tx: &mut Transaction<'_>) -> Result<u64, Stop> {
        match tx.query_one(&LOCK, &[self.name.as_str().into()]).await? {
            Some(row) => Ok(row.count("epoch")?),
            None => Err(Refusal::LeaseLost.into()),
        }
    }
}

/// Who holds a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The holder's name.
    pub holder: String,
    /// When it ends unless renewed.
    pub expires_at: Timestamp,
}

impl Store {
    /// Takes a lease for `holder`, or is refused with [`Refusal::LeaseLost`] while someone else holds it.
    pub async fn acquire_lease(
        &self,
        name: &str,
        holder: &str,
        lifetime: Duration,
    ) -> Result<Lease, CommitError> {
        let change = LeaseChange::Acquire {
            name: name.into(),
            holder: holder.into(),
            lifetime,
        };
        self.commit(Changeset::new().with(Change::Lease(change)))
            .await?;
        let row = self
            .database
            .query_one(&FIND, vec![name.into()])
            .await
            .and_then(|row| {
                row.map(|row| Ok((row.text("holder")? == holder, row.count("epoch")?)))
                    .transpose()
            })
            .map_err(|error| CommitError::Unavailable(error.to_string()))?;
        match row {
            Some((true, epoch)) => Ok(Lease {
                name: name.into(),
                epoch,
            }),
            _ => Err(Refusal::LeaseLost.into()),
        }
    }

    /// Who holds a lease, if anyone ever did.
    pub async fn lease_holder(&self, name: &str) -> Result<Option<Holder>, civitas_sql::Error> {
        let row = self.database.query_one(&FIND, vec![name.into()]).await?;
        row.map(|row| {
            Ok(Holder {
                holder: row.text("holder")?.to_owned(),
                expires_at: Timestamp::from_micros(row.int("expires_at")?),
            })
        })
        .transpose()
    }
}
