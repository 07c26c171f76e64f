//! One small façade over two drivers, so that SQL is written once.
//!
//! A [`Statement`] is text with `?` placeholders; a parameter is a [`Val`]; a result is a list of [`Row`]s read by
//! column name. A [`Database`] answers reads from a pool; its one [`Writer`] holds the connection on which everything
//! is written, and belongs to the committer of `civitas-storage`.
//!
//! Invariants:
//! - This is the only crate that names a database driver.
//! - Time is an integer of microseconds, ids and JSON are text, a boolean is 0 or 1: both databases hold the same values.
//! - A SQLite [`Writer`] blocks the thread it is used on. It is used on a thread of its own, never on an async worker.

mod database;
mod dump;
mod error;
mod postgres;
mod row;
mod select;
mod sqlite;
mod statement;
mod tls;
mod value;
mod writer;

pub use database::{Backend, Database};
pub use dump::{Piece, Table};
pub use error::Error;
pub use row::Row;
pub use select::Select;
pub use statement::Statement;
pub use value::Val;
pub use writer::Writer;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
