//! The stream of what agents do: one for all tenants, numbered in the order of commits.

use std::time::Duration;

use civitas_model::journal::{Kind, NewEntry};
use civitas_model::{TenantId, Timestamp};
use civitas_sql::{Error, Row, Statement};
use serde_json::{Value, json};

use crate::changeset::Change;
use crate::json;
use crate::notice::Notice;
use crate::outbox;
use crate::store::Store;
use crate::transaction::{Meaning, Stop, Transaction};

const AFTER: Statement = Statement::new(include_str!("queries/outbox/activity.sql"));
const OF_ALL: Statement = Statement::new(include_str!("queries/outbox/activity_of_all.sql"));
const OLDEST: Statement = Statement::new(include_str!("queries/outbox/oldest.sql"));
const TRIM_OLD: Statement = Statement::new(include_str!("queries/outbox/trim_old.sql"));
const FIND: Statement = Statement::new(include_str!("queries/counter/find.sql"));

/// The stream, and the counter that numbers it.
const STREAM: &str = "agent_activity";
/// How long an entry can be read: for whoever comes back after a break.
const LIFETIME: Duration = Duration::from_hours(7 * 24);

/// Every kind of entry.
pub const ACTIVITY_KINDS: [&str; 12] = [
    "agent_activated",
    "approval_decided",
    "approval_requested",
    "budget_updated",
    "budget_warning",
    "cost_warning",
    "halt_lifted",
    "halted",
    "metric_recorded",
    "policy_activated",
    "rbac_decision",
    "webhook_disabled",
];

/// Something an agent did, or that happened to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    /// Its number. A tenant's numbers have gaps: others count too.
    pub seq: u64,
    /// What: one of [`ACTIVITY_KINDS`].
    pub kind: String,
    /// The facts.
    pub data: Value,
    /// When.
    pub at: Timestamp,
}

/// Tells whoever follows the stream, with what it is about. A `timestamp` among the facts becomes the commit's.
#[derive(Debug)]
pub struct Announce {
    /// Whose stream.
    pub tenant_id: TenantId,
    /// What.
    pub kind: &'static str,
    /// The facts.
    pub data: Value,
}

impl From<Announce> for Change {
    fn from(change: Announce) -> Self {
        Self::Announce(Box::new(change))
    }
}

impl Announce {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let mut data = self.data.clone();
        if let Some(timestamp) = data.get_mut("timestamp") {
            *timestamp = json!(tx.now);
        }
        publish(tx, &self.tenant_id, self.kind, data).await
    }
}

/// The same as it stands in the stream: for whoever passes it on as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Its number.
    pub seq: u64,
    /// What.
    pub kind: String,
    /// The facts, as JSON.
    pub data: String,
    /// When.
    pub at: Timestamp,
}

pub(crate) async fn publish(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    kind: &str,
    data: Value,
) -> Result<(), Stop> {
    let seq = tx.advance(STREAM).await?;
    let entry = NewEntry::new(Kind::Event, kind, data);
    outbox::append(tx, tenant, STREAM, seq, &[entry]).await?;
    tx.notify(Notice::Activity);
    Ok(())
}

/// The number of the newest entry, as of this transaction.
pub(crate) async fn last(tx: &mut Transaction<'_>) -> Result<u64, Stop> {
    let row = tx.query_one(&FIND, &[STREAM.into()]).await?;
    Ok(row.map_or(Ok(0), |row| row.count("value"))?)
}

pub(crate) async fn delete_old(tx: &mut Transaction<'_>) -> Result<(), Stop> {
    let before = tx.now.minus(LIFETIME);
    let params = vec![STREAM.into(), before.as_micros().into()];
    tx.execute_later(&TRIM_OLD, params, Meaning::Nothing).await
}

impl Store {
    /// What a tenant's agents did after a number, in order.
    pub async fn activity_after(
        &self,
        tenant: &TenantId,
        seq: u64,
        limit: u32,
    ) -> Result<Vec<Activity>, Error> {
        let params = vec![
            tenant.as_str().into(),
            STREAM.into(),
            seq.into(),
            limit.into(),
        ];
        let rows = self.database.query(&AFTER, params).await?;
        let read = |row: &Row| {
            Ok(Activity {
                seq: row.count("seq")?,
                kind: row.text("name")?.to_owned(),
                data: json::read(row, "data")?,
                at: Timestamp::from_micros(row.int("created_at")?),
            })
        };
        rows.iter().map(read).collect()
    }

    /// The same as it stands in the stream.
    pub async fn published_after(
        &self,
        tenant: &TenantId,
        seq: u64,
        limit: u32,
    ) -> Result<Vec<Published>, Error> {
        let params = vec![
            tenant.as_str().into(),
            STREAM.into(),
            seq.into(),
            limit.into(),
        ];
        let rows = self.database.query(&AFTER, params).await?;
        rows.iter()
            .map(|row| published(row, tenant.clone()))
            .collect()
    }

    /// What agents of every tenant did after a number, in order.
    pub async fn published_by_all_after(
        &self,
        seq: u64,
        limit: u32,
    ) -> Result<Vec<Published>, Error> {
        let params = vec![STREAM.into(), seq.into(), limit.into()];
        let rows = self.database.query(&OF_ALL, params).await?;
        rows.iter()
            .map(|row| published(row, TenantId::trusted(row.text("tenant_id")?)))
            .collect()
    }

    /// The number of the oldest entry of any tenant that is still kept.
    pub async fn oldest_activity(&self) -> Result<Option<u64>, Error> {
        let row = self
            .database
            .query_one(&OLDEST, vec![STREAM.into()])
            .await?;
        row.map(|row| row.count("seq")).transpose()
    }

    /// The number of the newest entry of any tenant, from where a live view begins.
    pub async fn last_activity(&self) -> Result<u64, Error> {
        let row = self.database.query_one(&FIND, vec![STREAM.into()]).await?;
        row.map_or(Ok(0), |row| row.count("value"))
    }
}

fn published(row: &Row, tenant_id: TenantId) -> Result<Published, Error> {
    Ok(Published {
        tenant_id,
        seq: row.count("seq")?,
        kind: row.text("name")?.to_owned(),
        data: row.text("data")?.to_owned(),
        at: Timestamp::from_micros(row.int("created_at")?),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use super::*;

    fn files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, found);
            } else {
                found.push(path);
            }
        }
    }

    #[test]
    fn every_kind_that_is_published_is_listed() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut sources = Vec::new();
        for name in ["storage", "governance", "api"] {
            files(&crates.join(name).join("src"), &mut sources);
        }
        let mut published = BTreeSet::new();
        for path in sources {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            for line in text.lines().map(str::trim) {
                let written = match line.strip_prefix("kind: \"") {
                    Some(kind) => kind.strip_suffix("\","),
                    None if line.starts_with("activity::publish(tx") => line.split('"').nth(1),
                    None => None,
                };
                published.extend(written.map(str::to_owned));
            }
        }
        let listed = ACTIVITY_KINDS.map(str::to_owned);
        assert_eq!(published, BTreeSet::from(listed));
    }
}
