//! Backup and restore: everything the database holds as one file of text, the same for both databases.
//!
//! A backup is lines of JSON: a header, then for each table a line with its columns and a line per row, then a footer
//! with the number of rows per table and the SHA-256 of every byte before it. It is read in one snapshot while the
//! store goes on committing. A restore checks the whole file before it writes anything, writes in one transaction, and
//! goes into an empty database of either kind, so that backup and restore also move a store from one to the other.
//!
//! What the backup holds is private: the file is readable by its owner only. Blobs and keys lie outside the database.

mod format;
mod read;
mod write;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use civitas_model::Clock;
use civitas_sql::{Database, Writer};

use crate::migrate;
use crate::store::{OpenError, Store, StoreOptions};
use read::{Line, Reader};

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The schema version it was written with.
    pub schema_version: i64,
    /// The number of rows of each table.
    pub rows: BTreeMap<String, u64>,
}

/// Why a backup was not written.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database cannot be read.
    #[error("the database cannot be read: {0}")]
    Database(#[from] civitas_sql::Error),
    /// The file cannot be written.
    #[error("the backup {path} cannot be written: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Why a backup was not restored. The target holds nothing of it.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The file cannot be read.
    #[error("the backup {path} cannot be read: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is something else.
    #[error("this is not a backup of civitas")]
    NotABackup,
    /// The file was cut off or changed.
    #[error("the backup is damaged in line {line}: {reason}; use another copy of it")]
    Damaged {
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// The file was written by a newer version.
    #[error(
        "the backup has {what} version {found}, this binary knows up to {known}: use a newer binary"
    )]
    TooNew {
        /// Which version: of the format or the schema.
        what: &'static str,
        /// The version found.
        found: i64,
        /// The newest version this binary knows.
        known: i64,
    },
    /// The target is in use.
    #[error("the database to restore into is not empty (table {table}): choose an empty one")]
    NotEmpty {
        /// A table that holds something.
        table: String,
    },
    /// The target cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The target cannot be written.
    #[error("the database cannot be written: {0}")]
    Database(#[from] civitas_sql::Error),
    /// The task that did the work was stopped.
    #[error("the restore was stopped")]
    Stopped,
}

impl Store {
    /// Writes everything the database holds as of now to `target`, while commits go on.
    ///
    /// The file appears under its name once it is complete and on disk; one that was there before is replaced.
    pub async fn backup(&self, target: &Path) -> Result<Summary, BackupError> {
        let pieces = self.database.dump();
        let header = format::Header::new(migrate::known_version(), self.clock().now());
        let target = target.to_owned();
        tokio::task::spawn_blocking(move || write::write(&target, &header, pieces))
            .await
            .map_err(|_| civitas_sql::Error::Stopped)?
    }
}

/// Checks that a file is a complete and undamaged backup, and says what it holds. Blocks while it is read.
pub fn check_backup(source: &Path) -> Result<Summary, RestoreError> {
    let mut reader = Reader::open(source)?;
    while reader.next()?.is_some() {}
    Ok(reader.into_summary())
}

/// Fills an empty database with what a backup holds: all of it or nothing.
///
/// Must be called within a tokio runtime. Open the store only after it has returned.
pub async fn restore(
    source: &Path,
    options: &StoreOptions,
    clock: Arc<dyn Clock>,
) -> Result<Summary, RestoreError> {
    let runtime = tokio::runtime::Handle::current();
    let (source, options) = (source.to_owned(), options.clone());
    // Reading the file and writing to SQLite block.
    tokio::task::spawn_blocking(move || {
        let summary = check_backup(&source)?;
        runtime.block_on(load(&source, &options, clock.as_ref(), &summary))?;
        Ok(summary)
    })
    .await
    .map_err(|_| RestoreError::Stopped)?
}

/// Rows that are inserted together.
const ROWS_MAX: usize = 256;
/// Tables that are not empty in a new database: their rows there are replaced.
const SEEDED: &str = "counters";

async fn load(
    source: &Path,
    options: &StoreOptions,
    clock: &dyn Clock,
    summary: &Summary,
) -> Result<(), RestoreError> {
    let (database, mut writer) = match options {
        StoreOptions::Sqlite { path } => Database::open_sqlite(path)?,
        StoreOptions::Postgres { address } => Database::open_postgres(address).await?,
    };
    let found = migrate::found_version(&mut writer).await?;
    if found > summary.schema_version {
        let table = migrate::TABLE.into();
        return Err(RestoreError::NotEmpty { table });
    }
    let (backend, now) = (database.backend(), clock.now());
    migrate::run(&mut writer, backend, now, summary.schema_version).await?;
    writer.begin().await?;
    let loaded = fill(&mut writer, source).await;
    match loaded {
        Ok(()) => writer.commit().await?,
        Err(error) => {
            // The transaction may be gone with the connection; then there is nothing to roll back.
            let _ = writer.rollback().await;
            return Err(error);
        }
    }
    migrate::run(&mut writer, backend, now, migrate::known_version()).await?;
    Ok(())
}

async fn fill(writer: &mut Writer, source: &Path) -> Result<(), RestoreError> {
    let tables = writer.tables().await?;
    for table in tables.iter().filter(|table| table.name != migrate::TABLE) {
        if table.name == SEEDED {
            if crate::outbox::is_counting(writer).await? {
                let table = table.name.clone();
                return Err(RestoreError::NotEmpty { table });
            }
            writer.clear(table).await?;
        } else if writer.has_rows(table).await? {
            let table = table.name.clone();
            return Err(RestoreError::NotEmpty { table });
        }
    }
    let mut reader = Reader::open(source)?;
    let mut current = None;
    let mut rows = Vec::with_capacity(ROWS_MAX);
    loop {
        let line = reader.next()?;
        let flush = rows.len() >= ROWS_MAX || !matches!(line, Some(Line::Row(_)));
        if flush && let Some(table) = &current {
            writer.insert(table, &rows).await?;
            rows.clear();
        }
        match line {
            Some(Line::Table(table)) => {
                let known = tables.iter().find(|known| known.name == table.name);
                if known.is_none_or(|known| !same_columns(&known.columns, &table.columns)) {
                    return Err(reader.damaged("the table is not one of this schema version"));
                }
                current = Some(table);
            }
            Some(Line::Row(row)) => rows.push(row),
            None => return Ok(()),
        }
    }
}

/// Whether two tables have the same columns, in whatever order.
fn same_columns(one: &[String], other: &[String]) -> bool {
    let (mut one, mut other) = (one.to_vec(), other.to_vec());
    one.sort_unstable();
    other.sort_unstable();
    one == other
}
