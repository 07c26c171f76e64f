//! The SQLite driver: one writer connection, a pool of read-only ones.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, params_from_iter};
use tokio::sync::{Semaphore, mpsc};

use crate::dump::{Piece, RowBatch, TABLES, Table, select_all};
use crate::error::Error;
use crate::row::Row;
use crate::value::Val;

/// Statements kept prepared per connection: comfortably more than there are query files.
const PREPARED_STATEMENTS_MAX: usize = 512;
/// How long a connection waits for another's lock, which only a backup or a checkpoint ever holds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the committer waits, at most, for readers to let go of the write-ahead file.
const LOG_WAIT: Duration = Duration::from_millis(500);
/// What the write-ahead file is cut to when it starts over after a long reading made it longer than ever needed, in bytes.
const LOG_BYTES_KEPT: i64 = 512 << 20;
/// Connections for reading. Reads are short; more would only cost memory.
const READERS: usize = 4;

/// The writer connection.
pub struct Writer {
    connection: Connection,
    /// Pages in the write-ahead file below which emptying it is not tried again.
    log_pages_tolerated: u64,
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
        connection.pragma_update(None, "journal_size_limit", LOG_BYTES_KEPT)?;
        configure(&connection)?;
        Ok(Self {
            connection,
            log_pages_tolerated: 0,
        })
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

    pub(crate) fn columns(&self, text: &str) -> Result<Vec<String>, Error> {
        let statement = self.connection.prepare(text)?;
        Ok(statement.column_names().map(str::to_owned).collect())
    }

    #[expect(clippy::needless_pass_by_ref_mut, reason = "writing is exclusive")]
    pub(crate) fn script(&mut self, text: &str) -> Result<(), Error> {
        Ok(self.connection.execute_batch(text)?)
    }

    /// When the write-ahead log holds more than `pages_max` pages although the checkpointer ran, steady writing or a
    /// long reading kept it from starting over: finish here rather than let it grow, so that the next commit starts over.
    /// The file keeps its length: cutting it would take as long as a hundred commits, and writing over it is faster.
    ///
    /// A reading that takes long, such as a backup, must not make every commit wait for it: when the log could not be
    /// finished, that is tried again only after it has grown by as much again.
    pub(crate) fn bound_log(&mut self, pages_max: u64) -> Result<(), Error> {
        let Log { pages, .. } = log(&self.connection, Checkpoint::None)?;
        if pages <= pages_max.max(self.log_pages_tolerated) {
            return Ok(());
        }
        self.connection.busy_timeout(LOG_WAIT)?;
        let finished = log(&self.connection, Checkpoint::Restart);
        self.connection.busy_timeout(BUSY_TIMEOUT)?;
        self.log_pages_tolerated = if finished?.is_busy {
            pages + pages_max
        } else {
            0
        };
        Ok(())
    }
}

/// The write-ahead log after a checkpoint.
struct Log {
    /// Whether a reader kept the checkpoint from finishing.
    is_busy: bool,
    /// Pages in it, also those that are in the database by now; none after it started over.
    pages: u64,
}

/// How much of a checkpoint is made.
#[derive(Clone, Copy)]
enum Checkpoint {
    /// None: it is only looked at.
    None,
    /// What nobody has to wait for.
    Passive,
    /// All of it, so that the next commit starts the log over.
    Restart,
}

/// Checkpoints at the write-ahead log and makes as much of a checkpoint as is asked for.
/// Source: <https://www.sqlite.org/pragma.html#pragma_wal_checkpoint>.
fn log(connection: &Connection, checkpoint: Checkpoint) -> Result<Log, Error> {
    let text = match checkpoint {
        Checkpoint::None => "PRAGMA wal_checkpoint(NOOP)",
        Checkpoint::Passive => "PRAGMA wal_checkpoint(PASSIVE)",
        Checkpoint::Restart => "PRAGMA wal_checkpoint(RESTART)",
    };
    let mut statement = connection.prepare_cached(text)?;
    Ok(statement.query_row([], |row| {
        let pages = row.get::<_, i64>(1)?;
        Ok(Log {
            is_busy: row.get::<_, i64>(0)? != 0,
            pages: u64::try_from(pages).unwrap_or_default(),
        })
    })?)
}

/// The write-ahead file, which lies beside its database.
fn log_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

/// The pool of read-only connections.
#[derive(Clone)]
pub struct Readers {
    path: PathBuf,
    /// Whether nothing writes to the file, so that nothing but the file is looked at.
    is_still: bool,
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
    /// Kept open: a new connection reads the whole schema first.
    checkpointer: Arc<Mutex<Option<Connection>>>,
}

impl Readers {
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            is_still: false,
            idle: Arc::default(),
            permits: Arc::new(Semaphore::new(READERS)),
            checkpointer: Arc::default(),
        }
    }

    /// For a file that is only read. Without a write-ahead file beside it, which a running node always has, nothing is
    /// written next to it either, so that a copy in a folder that cannot be written to is read as well.
    pub(crate) fn for_copy(path: &Path) -> Result<Self, Error> {
        let mut readers = Self::new(path);
        readers.is_still = !log_path(path).exists();
        // A file that is not there or no database is found out now.
        let connection = if readers.is_still {
            open_still(path)?
        } else {
            open_reader(path)?
        };
        query(
            &connection,
            "SELECT COUNT(*) AS count FROM sqlite_schema",
            &[],
        )?;
        Ok(readers)
    }

    pub(crate) async fn query(&self, text: String, params: Vec<Val>) -> Result<Vec<Row>, Error> {
        self.with(move |connection| query(connection, &text, &params))
            .await
    }

    pub(crate) async fn query_all(
        &self,
        queries: Vec<(&'static str, Vec<Val>)>,
    ) -> Result<Vec<Vec<Row>>, Error> {
        self.with(move |connection| {
            let answers = queries
                .iter()
                .map(|(text, params)| query(connection, text, params));
            answers.collect()
        })
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
                None if readers.is_still => open_still(&readers.path)?,
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

    /// Reads every table in one transaction, on a connection of its own.
    pub(crate) fn dump(&self, pieces: mpsc::Sender<Result<Piece, Error>>) {
        let path = self.path.clone();
        tokio::task::spawn_blocking(move || {
            let send = |piece| pieces.blocking_send(piece).map_err(|_| Error::Stopped);
            if let Err(error) = open_reader(&path).and_then(|connection| {
                connection.execute_batch("BEGIN")?;
                dump(&connection, &|piece| send(Ok(piece)))
            }) {
                // Nobody is left to tell when the receiver is gone.
                let _ = send(Err(error));
            }
        });
    }

    /// Moves what is committed from the write-ahead file into the database, without making anyone wait.
    pub(crate) async fn checkpoint(&self, pages_min: u64) -> Result<(), Error> {
        let readers = self.clone();
        tokio::task::spawn_blocking(move || {
            let mut kept = readers
                .checkpointer
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let connection = match kept.take() {
                Some(connection) => connection,
                None => open_checkpointer(&readers.path)?,
            };
            let connection = kept.insert(connection);
            if log(connection, Checkpoint::None)?.pages >= pages_min {
                log(connection, Checkpoint::Passive)?;
            }
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

fn open_still(path: &Path) -> Result<Connection, Error> {
    let mut address = url::Url::from_file_path(std::path::absolute(path).unwrap_or_default())
        .map_err(|()| Error::Address(path.display().to_string()))?;
    address.set_query(Some("immutable=1"));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(address.as_str(), flags)?;
    configure(&connection)?;
    Ok(connection)
}

fn open_checkpointer(path: &Path) -> Result<Connection, Error> {
    let connection = Connection::open(path)?;
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

fn dump(connection: &Connection, send: &dyn Fn(Piece) -> Result<(), Error>) -> Result<(), Error> {
    for row in query(connection, TABLES.sqlite(), &[])? {
        let name = row.text("name")?.to_owned();
        let mut statement = connection.prepare(&select_all(&name))?;
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        send(Piece::Table(Table {
            name,
            columns: columns.clone(),
        }))?;
        let mut rows = statement.query([])?;
        let mut batch = RowBatch::default();
        while let Some(row) = rows.next()? {
            let values = columns
                .iter()
                .enumerate()
                .map(|(index, column)| value(row.get_ref(index)?, column))
                .collect::<Result<Vec<Val>, Error>>()?;
            if let Some(full) = batch.push(values) {
                send(Piece::Rows(full))?;
            }
        }
        send(Piece::Rows(batch.rows))?;
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    const PAGES_MAX: u64 = 100;

    fn write(writer: &mut Writer) {
        for _ in 0..PAGES_MAX {
            let page = Val::Text("x".repeat(4000));
            writer
                .execute("INSERT INTO t (a) VALUES (?)", &[page])
                .unwrap();
        }
    }

    fn pages(writer: &Writer) -> u64 {
        log(&writer.connection, Checkpoint::None).unwrap().pages
    }

    #[test]
    fn a_long_write_ahead_log_starts_over() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::open(&folder.path().join("t.db")).unwrap();
        writer.script("CREATE TABLE t (a TEXT)").unwrap();
        write(&mut writer);
        assert!(pages(&writer) > PAGES_MAX);
        writer.bound_log(PAGES_MAX).unwrap();
        writer.script("INSERT INTO t (a) VALUES ('x')").unwrap();
        assert!(pages(&writer) < 10, "{}", pages(&writer));
    }

    #[test]
    fn a_long_reading_is_waited_for_once_and_not_by_every_commit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let mut writer = Writer::open(&path).unwrap();
        writer.script("CREATE TABLE t (a TEXT)").unwrap();
        let reader = open_reader(&path).unwrap();
        reader.execute_batch("BEGIN").unwrap();
        query(&reader, "SELECT a FROM t", &[]).unwrap();
        write(&mut writer);
        writer.bound_log(PAGES_MAX).unwrap();
        let before = pages(&writer);
        assert!(before > PAGES_MAX, "the reader still needs it");
        assert_eq!(writer.log_pages_tolerated, before + PAGES_MAX);
        drop(reader);
        // Not tried again before it has grown.
        writer.bound_log(PAGES_MAX).unwrap();
        assert_eq!(writer.log_pages_tolerated, before + PAGES_MAX);
        write(&mut writer);
        writer.bound_log(PAGES_MAX).unwrap();
        write(&mut writer);
        assert!(pages(&writer) < before + PAGES_MAX);
        assert_eq!(writer.log_pages_tolerated, 0);
    }
}
