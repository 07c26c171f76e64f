//! Tickets: a credential for opening one WebSocket, soon.

use civitas_model::{TenantId, Timestamp};
use civitas_sql::{Error, Statement};
use serde_json::Value;

use crate::changeset::{Change, Refusal};
use crate::json;
use crate::store::Store;
use crate::transaction::{Stop, Transaction};

const INSERT: Statement = Statement::new(include_str!("queries/ticket/insert.sql"));
const FIND: Statement = Statement::new(include_str!("queries/ticket/find.sql"));
const TAKE: Statement = Statement::new(include_str!("queries/ticket/take.sql"));
const DELETE_EXPIRED: Statement = Statement::new(include_str!("queries/ticket/delete_expired.sql"));

/// What a ticket stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Ticket {
    /// The caller it was given to, as authentication wrote it down.
    pub caller: Value,
    /// Until when it counts.
    pub expires_at: Timestamp,
}

/// A change of tickets.
#[derive(Debug)]
pub enum TicketChange {
    /// Adds one.
    Insert {
        /// The digest of its secret.
        digest: String,
        /// The tenant of its caller.
        tenant_id: TenantId,
        /// What it stands for.
        ticket: Ticket,
    },
    /// Uses it up; refused when it is gone or ran out.
    Take {
        /// The digest of its secret.
        digest: String,
    },
}

impl From<TicketChange> for Change {
    fn from(change: TicketChange) -> Self {
        Self::Ticket(change)
    }
}

impl TicketChange {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        match self {
            Self::Insert {
                digest,
                tenant_id,
                ticket,
            } => {
                let params = [
                    digest.as_str().into(),
                    tenant_id.as_str().into(),
                    json::text(&ticket.caller)?,
                    ticket.expires_at.as_micros().into(),
                ];
                tx.execute(&INSERT, params.into()).await?;
            }
            Self::Take { digest } => {
                let params = [digest.as_str().into(), tx.now.as_micros().into()];
                if tx.execute(&TAKE, params.into()).await? == 0 {
                    return Err(Refusal::NotFound { what: "ticket" }.into());
                }
            }
        }
        Ok(())
    }
}

pub(crate) async fn delete_expired(tx: &mut Transaction<'_>) -> Result<(), Stop> {
    tx.execute(&DELETE_EXPIRED, vec![tx.now.as_micros().into()])
        .await?;
    Ok(())
}

impl Store {
    /// The ticket with this digest. It is not used up by looking: commit [`TicketChange::Take`].
    pub async fn find_ticket(&self, digest: &str) -> Result<Option<Ticket>, Error> {
        let row = self.database.query_one(&FIND, vec![digest.into()]).await?;
        row.map(|row| {
            Ok(Ticket {
                caller: json::read(&row, "caller")?,
                expires_at: Timestamp::from_micros(row.int("expires_at")?),
            })
        })
        .transpose()
    }
}
