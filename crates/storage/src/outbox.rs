//! The outbox: everything that is published, numbered per stream without gaps in the order of commits.

use civitas_model::journal::{Entry, Kind, NewEntry};
use civitas_model::{ExecutionId, TenantId, Timestamp};
use civitas_sql::{Error, Row, Statement, Writer};

use crate::json;
use crate::store::Store;
use crate::transaction::{Meaning, Stop, Transaction};

const INSERT: Statement = Statement::new(include_str!("queries/outbox/insert.sql"));
const AFTER: Statement = Statement::new(include_str!("queries/outbox/after.sql"));
const JOURNAL: Statement = Statement::new(include_str!("queries/outbox/journal.sql"));
const DELETE_STREAM: Statement = Statement::new(include_str!("queries/outbox/delete_stream.sql"));
const TRIM: Statement = Statement::new(include_str!("queries/outbox/trim.sql"));

/// The stream of changes of search records. Cannot be an execution's id, which is a UUID.
pub(crate) const RECORDS: &str = "records";

pub(crate) async fn append(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    stream: &str,
    first_seq: u64,
    entries: &[NewEntry],
) -> Result<(), Stop> {
    for (seq, entry) in (first_seq..).zip(entries) {
        let params = vec![
            tenant.as_str().into(),
            stream.into(),
            seq.into(),
            entry.kind.as_str().into(),
            entry.name.as_str().into(),
            json::text(&entry.data)?,
            tx.now.as_micros().into(),
        ];
        tx.execute_later(&INSERT, params, Meaning::Nothing).await?;
    }
    Ok(())
}

/// Whether any counter has counted, which none has in a new database.
pub(crate) async fn is_counting(writer: &mut Writer) -> Result<bool, Error> {
    const STARTED: Statement = Statement::new(include_str!("queries/counter/started.sql"));
    Ok(!writer.query(&STARTED, &[]).await?.is_empty())
}

pub(crate) async fn delete_stream(tx: &mut Transaction<'_>, stream: &str) -> Result<(), Stop> {
    tx.execute_later(&DELETE_STREAM, vec![stream.into()], Meaning::Nothing)
        .await
}

pub(crate) async fn trim(tx: &mut Transaction<'_>, stream: &str, through: u64) -> Result<(), Stop> {
    tx.execute_later(&TRIM, vec![stream.into(), through.into()], Meaning::Nothing)
        .await
}

pub(crate) async fn after(
    store: &Store,
    stream: &str,
    seq: u64,
    limit: u32,
) -> Result<Vec<Row>, Error> {
    store
        .database
        .query(&AFTER, vec![stream.into(), seq.into(), limit.into()])
        .await
}

/// Entries of an execution's journal after a number, in order.
pub(crate) async fn journal(
    store: &Store,
    tenant: &TenantId,
    execution: &ExecutionId,
    after_seq: u64,
    limit: u32,
) -> Result<Vec<Entry>, Error> {
    let params = vec![
        tenant.as_str().into(),
        execution.as_str().into(),
        after_seq.into(),
        limit.into(),
    ];
    let rows = store.database.query(&JOURNAL, params).await?;
    rows.iter().map(entry).collect()
}

fn entry(row: &Row) -> Result<Entry, Error> {
    let kind = row.text("kind")?;
    Ok(Entry {
        seq: row.count("seq")?,
        kind: Kind::parse(kind)
            .ok_or_else(|| Error::inconsistent("outbox.kind", format!("unknown kind {kind}")))?,
        name: row.text("name")?.to_owned(),
        data: json::read(row, "data")?,
        created_at: Timestamp::from_micros(row.int("created_at")?),
    })
}
