//! The SQLite driver: one writer connection, a pool of read-only ones.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, params_from_iter};
use tokio::sync::Semaphore;

use crate::error::Error;
use crate::row::Row;
use crate::value::Val;

/// Statements kept prepared per connection: comfortably more than there are query files.
const PREPARED_STATEMENTS_MAX: usize = 512;
/// How long a connection waits for another's lock, which only a backup or a checkpoint ever holds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections for reading. Reads are short; more would only cost memory.
const READERS: usize = 4;

/// The writer connection.
pub struct Writer {
    connection: Connection,
}

impl Writer {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let connection = Connection::open(path)?;
        // FULL: a commit that was acknowledged survives a power cut; batching makes it cheap. Checkpoints run on
        // another connection, off the commit path.
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
             PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384;",
        )?;
        configure(&connection)?;
        Ok(Self { connection })
    }

    #[expect(clippy::needless_pass_by_ref_mut, reason = "writing is exclusive")]
    pub(crate) fn run(&mut self, text: &'static str) -> Result<(), Error> {
        self.connection.prepare_cached(text)?.execute([])?;
        Ok(())
    }

    #[expect(clippy::needless_pass_by_ref_mut, reason = "writing is exclusive")]
    pub(crate) fn execute(&mut self, text: &str, params: &[Val]) -> Result<u64, Error> {
        let changed = self
            .connection
            .prepare_cached(text)?
            .execute(params_from_iter(params))?;
        Ok(changed as u64)
    }

    #[expect(clippy::needless_pass_by_ref_mut, reason = "writing is exclusive")]
    pub(crate) fn query(&mut self, text: &str, params: &[Val]) -> Result<Vec<Row>, Error> {
        query(&self.connection, text, params)
    }

    #[expect(clippy::needless_pass_by_ref_mut, reason = "writing is exclusive")]
    pub(crate) fn script(&mut self, text: &str) -> Result<(), Error> {
        Ok(self.connection.execute_batch(text)?)
    }

    /// When the write-ahead file holds more than `pages_max` pages although the checkpointer ran, readers kept it from
    /// starting over: wait for them here, once, rather than let it grow.
    #[expect(clippy::needless_pass_by_ref_mut, reason = "writing is exclusive")]
    pub(crate) fn bound_log(&mut self, pages_max: u64) -> Result<(), Error> {
        let path = self
            .connection
            .path()
            .map(PathBuf::from)
            .unwrap_or_default();
        if log_pages(&path) > pages_max {
            self.connection
                .query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()))?;
        }
        Ok(())
    }
}

/// Pages in the write-ahead file, judged by its size.
fn log_pages(database: &Path) -> u64 {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    std::fs::metadata(PathBuf::from(name)).map_or(0, |file| file.len() / 4096)
}

/// The pool of read-only connections.
#[derive(Clone)]
pub struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            idle: Arc::default(),
            permits: Arc::new(Semaphore::new(READERS)),
        }
    }

    pub(crate) async fn query(&self, text: String, params: Vec<Val>) -> Result<Vec<Row>, Error> {
        self.with(move |connection| query(connection, &text, &params))
            .await
    }

    /// Runs `work` on a read-only connection, on a blocking thread.
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|_| Error::Stopped)?;
        let readers = self.clone();
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let idle = readers
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop();
            let connection = match idle {
                Some(connection) => connection,
                None => open_reader(&readers.path)?,
            };
            let result = work(&connection);
            readers
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
            result
        })
        .await
        .map_err(|_| Error::Stopped)?
    }

    /// Copies the database as of now into a new file, while it is being written to.
    pub(crate) async fn copy_to(&self, target: &Path) -> Result<(), Error> {
        let target = target.to_string_lossy().into_owned();
        self.with(move |connection| {
            connection.execute("VACUUM INTO ?1", [&target])?;
            Ok(())
        })
        .await
    }

    /// Moves what is committed from the write-ahead file into the database, without making anyone wait.
    pub(crate) async fn checkpoint(&self, pages_min: u64) -> Result<(), Error> {
        let path = self.path.clone();
        tokio::task::spawn_blocking(move || {
            if log_pages(&path) < pages_min {
                return Ok(());
            }
            let connection = Connection::open(&path)?;
            configure(&connection)?;
            connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
            Ok(())
        })
        .await
        .map_err(|_| Error::Stopped)?
    }
}

fn open_reader(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -4096;")?;
    configure(&connection)?;
    Ok(connection)
}

fn configure(connection: &Connection) -> Result<(), Error> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS_MAX);
    Ok(())
}

fn query(connection: &Connection, text: &str, params: &[Val]) -> Result<Vec<Row>, Error> {
    let mut statement = connection.prepare_cached(text)?;
    let columns: Arc<[String]> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query(params_from_iter(params))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let mut values = Vec::with_capacity(columns.len());
        for index in 0..columns.len() {
            values.push(value(row.get_ref(index)?, &columns[index])?);
        }
        found.push(Row::new(Arc::clone(&columns), values));
    }
    Ok(found)
}

fn value(found: ValueRef<'_>, column: &str) -> Result<Val, Error> {
    Ok(match found {
        ValueRef::Null => Val::Null,
        ValueRef::Integer(value) => Val::Int(value),
        ValueRef::Real(value) => Val::Real(value),
        ValueRef::Text(bytes) => Val::Text(
            std::str::from_utf8(bytes)
                .map_err(|_| Error::inconsistent(column, "the text is not UTF-8"))?
                .to_owned(),
        ),
        ValueRef::Blob(bytes) => Val::Blob(bytes.to_vec()),
    })
}
