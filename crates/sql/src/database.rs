//! A database of either kind: reads, and the door to its one writer.

use std::path::Path;

use tokio::sync::mpsc;

use crate::dump::Piece;
use crate::row::Row;
use crate::select::Select;
use crate::statement::Statement;
use crate::value::Val;
use crate::writer::Writer;
use crate::{Result, postgres, sqlite};

/// Pieces of a dump that are read ahead.
const PIECES_AHEAD: usize = 4;

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// Embedded, one file.
    Sqlite,
    /// A server.
    Postgres,
}

impl Backend {
    /// The name people know it by.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgresql",
        }
    }
}

/// A handle for reading; cheap to clone.
#[derive(Clone)]
pub struct Database {
    readers: Readers,
}

#[derive(Clone)]
enum Readers {
    Sqlite(sqlite::Readers),
    Postgres(Box<postgres::Readers>),
}

impl Database {
    /// Opens or creates a SQLite database in a file.
    ///
    /// Blocks while the file is opened; called once, at start.
    pub fn open_sqlite(path: &Path) -> Result<(Self, Writer)> {
        let writer = sqlite::Writer::open(path)?;
        let readers = Readers::Sqlite(sqlite::Readers::new(path));
        Ok((Self { readers }, Writer::Sqlite(writer)))
    }

    /// Opens a SQLite database that exists, such as a copy, for reading alone. Blocks while the file is opened.
    pub fn open_sqlite_to_read(path: &Path) -> Result<Self> {
        let readers = Readers::Sqlite(sqlite::Readers::for_copy(path)?);
        Ok(Self { readers })
    }

    /// Connects to PostgreSQL at an address such as `postgres://user@host:5432/database?sslmode=verify-full`.
    ///
    /// `sslmode` is `disable`, `prefer` (the default), `require` or `verify-full`; with the last, `sslrootcert=PATH` names the
    /// authority to trust instead of the system's.
    pub async fn open_postgres(address: &str) -> Result<(Self, Writer)> {
        let target = postgres::parse_address(address)?;
        let writer = postgres::Writer::connect(&target).await?;
        let readers = Readers::Postgres(Box::new(postgres::Readers::new(target)?));
        Ok((Self { readers }, Writer::Postgres(Box::new(writer))))
    }

    /// Which database this is.
    pub const fn backend(&self) -> Backend {
        match self.readers {
            Readers::Sqlite(_) => Backend::Sqlite,
            Readers::Postgres(_) => Backend::Postgres,
        }
    }

    /// Reads what is committed.
    pub async fn query(&self, statement: &Statement, params: Vec<Val>) -> Result<Vec<Row>> {
        match &self.readers {
            Readers::Sqlite(readers) => readers.query(statement.sqlite().to_owned(), params).await,
            Readers::Postgres(readers) => readers.query(statement.postgres(), &params).await,
        }
    }

    /// Reads several things in one go, when none of them needs another's answer: one way to a reading thread and back on SQLite, one
    /// round trip on PostgreSQL. What is committed meanwhile may be in the later answers and not in the earlier ones.
    pub async fn query_all(
        &self,
        queries: impl IntoIterator<Item = (Statement, Vec<Val>)>,
    ) -> Result<Vec<Vec<Row>>> {
        let queries = queries.into_iter();
        match &self.readers {
            Readers::Sqlite(readers) => {
                let queries = queries.map(|(statement, params)| (statement.sqlite(), params));
                readers.query_all(queries.collect()).await
            }
            Readers::Postgres(readers) => {
                let queries = queries.map(|(statement, params)| (statement.postgres(), params));
                readers.query_all(&queries.collect::<Vec<_>>()).await
            }
        }
    }

    /// Reads the one row that is there, or none.
    pub async fn query_one(&self, statement: &Statement, params: Vec<Val>) -> Result<Option<Row>> {
        Ok(self.query(statement, params).await?.into_iter().next())
    }

    /// Reads with filters chosen at run time.
    pub async fn select(&self, select: &Select) -> Result<Vec<Row>> {
        match &self.readers {
            Readers::Sqlite(readers) => {
                readers
                    .query(select.text().to_owned(), select.params().to_vec())
                    .await
            }
            Readers::Postgres(readers) => readers.query(select.text(), select.params()).await,
        }
    }

    /// Reads every table as of now, in one consistent snapshot, while the database is written to.
    ///
    /// The reading goes on in the background as fast as the pieces are taken; it ends when the receiver is dropped.
    pub fn dump(&self) -> mpsc::Receiver<Result<Piece>> {
        let (pieces, receiver) = mpsc::channel(PIECES_AHEAD);
        match &self.readers {
            Readers::Sqlite(readers) => readers.dump(pieces),
            Readers::Postgres(readers) => readers.dump(pieces),
        }
        receiver
    }

    /// Moves committed pages of SQLite's write-ahead file into the database when there are at least `pages_min`.
    pub async fn checkpoint(&self, pages_min: u64) -> Result<()> {
        match &self.readers {
            Readers::Sqlite(readers) => readers.checkpoint(pages_min).await,
            Readers::Postgres(_) => Ok(()),
        }
    }
}
