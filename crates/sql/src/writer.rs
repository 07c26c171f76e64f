//! The one connection everything is written on.

use crate::row::Row;
use crate::statement::Statement;
use crate::value::Val;
use crate::{Result, postgres, sqlite};

/// A connection with an open or closed transaction. Exactly one exists per node; the committer owns it.
pub enum Writer {
    /// SQLite: every call blocks its thread and returns at once.
    Sqlite(sqlite::Writer),
    /// PostgreSQL: every call waits on the socket.
    Postgres(Box<postgres::Writer>),
}

impl Writer {
    /// Starts a transaction.
    pub async fn begin(&mut self) -> Result<()> {
        match self {
            Self::Sqlite(writer) => writer.run("BEGIN IMMEDIATE"),
            Self::Postgres(writer) => writer.run("BEGIN").await,
        }
    }

    /// Makes everything since [`Self::begin`] durable.
    pub async fn commit(&mut self) -> Result<()> {
        self.run("COMMIT").await
    }

    /// Undoes everything since [`Self::begin`].
    pub async fn rollback(&mut self) -> Result<()> {
        self.run("ROLLBACK").await
    }

    /// Marks a point to which a refused changeset is undone.
    pub async fn savepoint(&mut self) -> Result<()> {
        self.run("SAVEPOINT changeset").await
    }

    /// Keeps what was done since [`Self::savepoint`].
    pub async fn release(&mut self) -> Result<()> {
        self.run("RELEASE SAVEPOINT changeset").await
    }

    /// Undoes what was done since [`Self::savepoint`], and forgets the mark.
    pub async fn undo(&mut self) -> Result<()> {
        self.run("ROLLBACK TO SAVEPOINT changeset").await?;
        self.release().await
    }

    /// Runs a statement and says how many rows it changed.
    pub async fn execute(&mut self, statement: &Statement, params: &[Val]) -> Result<u64> {
        match self {
            Self::Sqlite(writer) => writer.execute(statement.sqlite(), params),
            Self::Postgres(writer) => writer.execute(statement.postgres(), params).await,
        }
    }

    /// Runs a statement and returns its rows.
    pub async fn query(&mut self, statement: &Statement, params: &[Val]) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(writer) => writer.query(statement.sqlite(), params),
            Self::Postgres(writer) => writer.query(statement.postgres(), params).await,
        }
    }

    /// Runs several statements without parameters, such as a migration.
    pub async fn script(&mut self, text: &str) -> Result<()> {
        match self {
            Self::Sqlite(writer) => writer.script(text),
            Self::Postgres(writer) => writer.script(text).await,
        }
    }

    /// Finishes a checkpoint that has fallen far behind, so that the write-ahead file cannot grow without end.
    /// Nothing to do on PostgreSQL.
    pub fn bound_log(&mut self, pages_max: u64) -> Result<()> {
        match self {
            Self::Sqlite(writer) => writer.bound_log(pages_max),
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Connects again after the connection was lost. Nothing to do on SQLite.
    pub async fn reconnect(&mut self) -> Result<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(writer) => writer.reconnect().await,
        }
    }

    async fn run(&mut self, text: &'static str) -> Result<()> {
        match self {
            Self::Sqlite(writer) => writer.run(text),
            Self::Postgres(writer) => writer.run(text).await,
        }
    }
}
