//! What can go wrong between us and a database.

/// A failure of the database or of what it returned.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// SQLite refused or failed.
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL refused or failed.
    #[error("PostgreSQL: {}", describe(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// No connection could be had in time.
    #[error("no database connection is free: {0}")]
    Pool(String),
    /// The address of the database cannot be understood.
    #[error("the database address is not usable: {0}")]
    Address(String),
    /// A stored value is not what the code expects: the data was changed by something else, or the code is wrong.
    #[error("column {column}: {reason}")]
    Inconsistent {
        /// The column that was read.
        column: String,
        /// What is wrong with its value.
        reason: String,
    },
    /// The task that ran the query was stopped.
    #[error("the database task stopped")]
    Stopped,
}

/// The driver's message for a server error is only "db error": say what the server said.
fn describe(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(
        || error.to_string(),
        |server| format!("{} ({})", server.message(), server.code().code()),
    )
}

impl Error {
    /// A stored value that is not what the code expects.
    pub fn inconsistent(column: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Inconsistent {
            column: column.into(),
            reason: reason.into(),
        }
    }

    /// Whether a constraint of the schema refused the write.
    pub fn is_constraint_violation(&self) -> bool {
        match self {
            Self::Sqlite(error) => {
                error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
            }
            Self::Postgres(error) => error
                .code()
                .is_some_and(|code| code.code().starts_with("23")),
            _ => false,
        }
    }

    /// Whether the connection is gone, so that everything after it fails too.
    pub fn is_connection_lost(&self) -> bool {
        match self {
            Self::Postgres(error) => {
                error.is_closed()
                    || error
                        .code()
                        .is_some_and(|code| code.code().starts_with("57P"))
            }
            _ => false,
        }
    }
}
