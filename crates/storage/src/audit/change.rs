//! Changes of the audit log. There is none that alters or removes an entry.

use std::fmt::Write;

use civitas_audit::{ENTRIES, NewEntry, SELF_CATEGORY, Subject};
use civitas_model::TenantId;
use civitas_sql::Statement;

use super::head;
use crate::changeset::{Change, Refusal};
use crate::transaction::{Meaning, Stop, Transaction};

const INSERT_CHECKPOINT: Statement =
    Statement::new(include_str!("../queries/audit/insert_checkpoint.sql"));
const SIGN: Statement = Statement::new(include_str!("../queries/audit/sign.sql"));
const DROP_BODIES: Statement = Statement::new(include_str!("../queries/audit/drop_bodies.sql"));
const SET_DROPPED: Statement = Statement::new(include_str!("../queries/audit/set_dropped.sql"));

/// Entries whose bodies one change drops at most, so that no commit takes long.
pub const DROP_MAX: u64 = 5_000;

/// A change of the audit log.
#[derive(Debug)]
pub enum AuditChange {
    /// Appends an entry.
    Append(NewEntry),
    /// Keeps a signed checkpoint, unless there is one of this size.
    Checkpoint {
        /// Whose log.
        tenant_id: TenantId,
        /// How many entries it covers.
        size: u64,
        /// The signed note.
        note: String,
    },
    /// Drops bodies, and appends the entry that says of which entries. The entry is left out when no body was there.
    DropBodies {
        /// First and last entry of each span, at most [`DROP_MAX`] entries in all.
        spans: Vec<(u64, u64)>,
        /// Who drops them and why; its subject is set here.
        entry: NewEntry,
        /// Whether it is retention, which does not come back to these entries.
        is_retention: bool,
    },
}

impl From<AuditChange> for Change {
    fn from(change: AuditChange) -> Self {
        Self::Audit(Box::new(change))
    }
}

impl From<NewEntry> for Change {
    fn from(entry: NewEntry) -> Self {
        Self::Audit(Box::new(AuditChange::Append(entry)))
    }
}

impl AuditChange {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        match self {
            Self::Append(entry) => head::append(tx, entry).await,
            Self::Checkpoint {
                tenant_id,
                size,
                note,
            } => {
                let params = vec![
                    tenant_id.as_str().into(),
                    (*size).into(),
                    tx.now.as_micros().into(),
                    note.as_str().into(),
                ];
                tx.execute_later(&INSERT_CHECKPOINT, params, Meaning::Nothing)
                    .await?;
                let size = *size;
                let params = vec![
                    size.into(),
                    tenant_id.as_str().into(),
                    size.into(),
                    size.into(),
                ];
                tx.execute_later(&SIGN, params, Meaning::Nothing).await
            }
            Self::DropBodies {
                spans,
                entry,
                is_retention,
            } => drop_bodies(tx, spans, entry, *is_retention).await,
        }
    }
}

async fn drop_bodies(
    tx: &mut Transaction<'_>,
    spans: &[(u64, u64)],
    entry: &NewEntry,
    is_retention: bool,
) -> Result<(), Stop> {
    let tenant = entry.tenant_id.as_str();
    let (mut dropped, mut text) = (0, String::new());
    for &(first, last) in spans {
        if first > last || entry.category != SELF_CATEGORY {
            let what = "span of entries";
            return Err(Refusal::NotFound { what }.into());
        }
        let params = vec![tenant.into(), first.into(), last.into()];
        dropped += tx.execute(&DROP_BODIES, params).await?;
        let comma = if text.is_empty() { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = if first == last {
            write!(text, "{comma}{first}")
        } else {
            write!(text, "{comma}{first}-{last}")
        };
        if is_retention {
            let params = vec![last.into(), tenant.into(), last.into()];
            tx.execute_later(&SET_DROPPED, params, Meaning::Nothing)
                .await?;
        }
    }
    if dropped == 0 {
        return Ok(());
    }
    let mut entry = entry.clone();
    entry.subject = Some(Subject {
        kind: ENTRIES.to_owned(),
        id: text,
    });
    head::append(tx, &entry).await
}
