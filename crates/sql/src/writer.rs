//! The one connection everything is written on.

use crate::dump::{TABLES, Table, delete_all, insert, select_all};
use crate::error::Error;
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
            Self::Postgres(writer) => writer.script("BEGIN").await,
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
    pub async fn execute(&mut self, statement: &Statement, params: Vec<Val>) -> Result<u64> {
        let mut answers = self.execute_all(&[(*statement, params)]).await;
        answers.pop().unwrap_or(Err(Error::Stopped))
    }

    /// Runs statements in order and says how many rows each changed; on PostgreSQL in one round trip. After one that
    /// failed, those that follow are not run or fail, too.
    pub async fn execute_all(&mut self, statements: &[(Statement, Vec<Val>)]) -> Vec<Result<u64>> {
        match self {
            Self::Sqlite(writer) => {
                let mut answers = Vec::with_capacity(statements.len());
                for (statement, params) in statements {
                    let answer = writer.execute(statement.sqlite(), params);
                    let failed = answer.is_err();
                    answers.push(answer);
                    if failed {
                        break;
                    }
                }
                answers
            }
            Self::Postgres(writer) => {
                let batch: Vec<(&str, &[Val])> = statements
                    .iter()
                    .map(|(statement, params)| (statement.postgres(), params.as_slice()))
                    .collect();
                writer.execute_all(&batch).await
            }
        }
    }

    /// Whether running statements together saves waiting.
    pub const fn is_remote(&self) -> bool {
        matches!(self, Self::Postgres(_))
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

    /// Whether the connection is gone, so that everything fails until [`Self::reconnect`].
    pub fn is_closed(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(writer) => writer.is_closed(),
        }
    }

    /// Connects again after the connection was lost. Nothing to do on SQLite.
    pub async fn reconnect(&mut self) -> Result<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(writer) => writer.reconnect().await,
        }
    }

    /// Every table, for a restore.
    pub async fn tables(&mut self) -> Result<Vec<Table>> {
        let mut tables = Vec::new();
        for row in self.query(&TABLES, &[]).await? {
            let name = row.text("name")?.to_owned();
            let columns = self.columns(&select_all(&name)).await?;
            tables.push(Table { name, columns });
        }
        Ok(tables)
    }

    /// Prepares a statement without running it, and says which columns it returns.
    pub async fn columns(&mut self, text: &str) -> Result<Vec<String>> {
        match self {
            Self::Sqlite(writer) => writer.columns(text),
            Self::Postgres(writer) => writer.columns(text).await,
        }
    }

    /// Whether a table holds anything.
    pub async fn has_rows(&mut self, table: &Table) -> Result<bool> {
        let text = format!("{} LIMIT 1", select_all(&table.name));
        let found = match self {
            Self::Sqlite(writer) => writer.query(&text, &[])?,
            Self::Postgres(writer) => writer.query(&text, &[]).await?,
        };
        Ok(!found.is_empty())
    }

    /// Removes every row of a table.
    pub async fn clear(&mut self, table: &Table) -> Result<()> {
        self.script(&delete_all(&table.name)).await
    }

    /// Inserts rows, each with its values in the order of the table's columns.
    pub async fn insert(&mut self, table: &Table, rows: &[Vec<Val>]) -> Result<()> {
        let text = insert(table);
        match self {
            Self::Sqlite(writer) => {
                for row in rows {
                    writer.execute(&text, row)?;
                }
            }
            Self::Postgres(writer) => {
                let batch: Vec<(&str, &[Val])> = rows
                    .iter()
                    .map(|row| (text.as_str(), row.as_slice()))
                    .collect();
                for answer in writer.execute_all(&batch).await {
                    answer?;
                }
            }
        }
        Ok(())
    }

    async fn run(&mut self, text: &'static str) -> Result<()> {
        match self {
            Self::Sqlite(writer) => writer.run(text),
            Self::Postgres(writer) => writer.script(text).await,
        }
    }
}
