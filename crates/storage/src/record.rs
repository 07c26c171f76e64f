//! Search records: the truth that the search index is a projection of.

use std::collections::{HashMap, HashSet};

use civitas_model::journal::{Kind, NewEntry};
use civitas_model::{Record, RecordId, TenantId, Timestamp};
use civitas_sql::{Error, Row, Select, Statement};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::json;
use crate::notice::Notice;
use crate::outbox;
use crate::store::Store;
use crate::transaction::{Meaning, Stop, Transaction};

const PUT: Statement = Statement::new(include_str!("queries/record/put.sql"));
const DELETE_PARENT: Statement = Statement::new(include_str!("queries/record/delete_parent.sql"));
const LIST: &str = include_str!("queries/record/list.sql");
const EXISTING: &str = include_str!("queries/record/existing.sql");

/// Records found with one statement.
const FIND_MAX: usize = 512;

/// A change of search records, as the index reads it.
#[derive(Debug, Clone, PartialEq)]
pub enum RecordChange {
    /// Put these.
    Put(Vec<Record>),
    /// Remove every record of a parent.
    Forget {
        /// Whose.
        tenant_id: TenantId,
        /// The parent.
        parent_id: String,
    },
}

/// What an entry of the records stream says. The records themselves stay in their table.
#[derive(Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
enum Note {
    Put { record_ids: Vec<String> },
    Forget { parent_id: String },
}

pub(crate) async fn put(tx: &mut Transaction<'_>, records: &[Record]) -> Result<(), Stop> {
    let Some(first) = records.first() else {
        return Ok(());
    };
    for record in records {
        let params = vec![
            record.tenant_id.as_str().into(),
            record.record_id.as_str().into(),
            record.source.as_str().into(),
            record.parent_id.as_str().into(),
            record.title.as_str().into(),
            record.heading.as_str().into(),
            record.body.as_str().into(),
            record.kind.as_str().into(),
            record.date.as_micros().into(),
            json::text(&record.metadata)?,
        ];
        tx.execute_later(&PUT, params, Meaning::Nothing).await?;
    }
    let record_ids = records
        .iter()
        .map(|record| record.record_id.as_str().to_owned())
        .collect();
    publish(tx, &first.tenant_id, &Note::Put { record_ids }).await
}

pub(crate) async fn forget(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    parent_id: &str,
) -> Result<(), Stop> {
    if tx
        .execute(
            &DELETE_PARENT,
            vec![tenant.as_str().into(), parent_id.into()],
        )
        .await?
        == 0
    {
        return Ok(());
    }
    publish(
        tx,
        tenant,
        &Note::Forget {
            parent_id: parent_id.to_owned(),
        },
    )
    .await
}

/// Says that records moved: the parents' are gone from one tenant, and all are in the other.
pub(crate) async fn publish_move(
    tx: &mut Transaction<'_>,
    from: &TenantId,
    to: &TenantId,
    parents: impl IntoIterator<Item = String>,
    records: &[String],
) -> Result<(), Stop> {
    for parent_id in parents {
        publish(tx, from, &Note::Forget { parent_id }).await?;
    }
    for piece in records.chunks(FIND_MAX) {
        let record_ids = piece.to_vec();
        publish(tx, to, &Note::Put { record_ids }).await?;
    }
    Ok(())
}

async fn publish(tx: &mut Transaction<'_>, tenant: &TenantId, note: &Note) -> Result<(), Stop> {
    let seq = tx.advance(outbox::RECORDS).await?;
    let data: Value = serde_json::to_value(note)
        .map_err(|error| Error::inconsistent("outbox.data", error.to_string()))?;
    let entry = NewEntry::new(Kind::Event, "records_changed", data);
    outbox::append(tx, tenant, outbox::RECORDS, seq, &[entry]).await?;
    tx.notify(Notice::Records);
    Ok(())
}

/// Readings of search records.
pub struct Records<'a>(&'a Store);

impl Store {
    /// Readings of search records.
    pub const fn records(&self) -> Records<'_> {
        Records(self)
    }
}

impl Records<'_> {
    /// The number of the newest change.
    pub async fn last_change(&self) -> Result<u64, Error> {
        const FIND: Statement = Statement::new(include_str!("queries/counter/find.sql"));
        let row = self
            .0
            .database
            .query_one(&FIND, vec![outbox::RECORDS.into()])
            .await?;
        row.map_or(Ok(0), |row| row.count("value"))
    }

    /// Changes after a number, in order, each with its number. A record that was changed again since is given as it is
    /// now, which its later change only repeats.
    pub async fn changes_after(
        &self,
        seq: u64,
        limit: u32,
    ) -> Result<Vec<(u64, RecordChange)>, Error> {
        let rows = outbox::after(self.0, outbox::RECORDS, seq, limit).await?;
        let mut changes = Vec::with_capacity(rows.len());
        for row in &rows {
            let tenant_id = TenantId::trusted(row.text("tenant_id")?);
            let change = match json::read(row, "data")? {
                Note::Forget { parent_id } => RecordChange::Forget {
                    tenant_id,
                    parent_id,
                },
                Note::Put { record_ids } => {
                    RecordChange::Put(self.find_many(&tenant_id, &record_ids).await?)
                }
            };
            changes.push((row.count("seq")?, change));
        }
        Ok(changes)
    }

    async fn find_many(&self, tenant: &TenantId, ids: &[String]) -> Result<Vec<Record>, Error> {
        let mut found: HashMap<String, Record> = HashMap::with_capacity(ids.len());
        for piece in ids.chunks(FIND_MAX) {
            let select = Select::new(LIST)
                .filter("tenant_id = ?", tenant.as_str())
                .filter_in(
                    "record_id",
                    piece.iter().map(|id| id.as_str().into()).collect(),
                );
            for row in self.0.database.select(&select).await? {
                let record = read(&row)?;
                found.insert(record.record_id.as_str().to_owned(), record);
            }
        }
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// Which of these records of a tenant there are.
    pub async fn existing(
        &self,
        tenant: &TenantId,
        ids: &[RecordId],
    ) -> Result<HashSet<RecordId>, Error> {
        let mut found = HashSet::with_capacity(ids.len());
        for piece in ids.chunks(FIND_MAX) {
            let select = Select::new(EXISTING)
                .filter("tenant_id = ?", tenant.as_str())
                .filter_in(
                    "record_id",
                    piece.iter().map(|id| id.as_str().into()).collect(),
                );
            for row in self.0.database.select(&select).await? {
                found.insert(RecordId::trusted(row.text("record_id")?));
            }
        }
        Ok(found)
    }

    /// A page of every tenant's records, in the order of their keys, after the last of the page before; for a rebuild
    /// of the index.
    pub async fn page_after(
        &self,
        after: Option<(&TenantId, &RecordId)>,
        limit: u32,
    ) -> Result<Vec<Record>, Error> {
        let select = match after {
            None => Select::new(LIST),
            Some((tenant, record)) => Select::new(LIST).filter_all(
                "(tenant_id, record_id) > (?, ?)",
                vec![tenant.as_str().into(), record.as_str().into()],
            ),
        };
        let select = select.tail("ORDER BY tenant_id, record_id LIMIT ?", vec![limit.into()]);
        self.0
            .database
            .select(&select)
            .await?
            .iter()
            .map(read)
            .collect()
    }
}

fn read(row: &Row) -> Result<Record, Error> {
    Ok(Record {
        record_id: RecordId::trusted(row.text("record_id")?),
        tenant_id: TenantId::trusted(row.text("tenant_id")?),
        source: row.text("source")?.to_owned(),
        parent_id: row.text("parent_id")?.to_owned(),
        title: row.text("title")?.to_owned(),
        heading: row.text("heading")?.to_owned(),
        body: row.text("body")?.to_owned(),
        kind: row.text("kind")?.to_owned(),
        date: Timestamp::from_micros(row.int("date")?),
        metadata: json::read(row, "metadata")?,
    })
}
