//! Whole tables: read in one consistent snapshot, and written into an empty database of either kind.
//!
//! What there is to read comes from the database's own catalogue, so that a new table cannot be forgotten.

use crate::statement::Statement;
use crate::value::Val;

/// Every table of ours, by name.
pub(crate) const TABLES: Statement = Statement::differing(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name",
    "SELECT tablename AS name FROM pg_catalog.pg_tables WHERE schemaname = current_schema() ORDER BY tablename",
);

/// Rows and bytes of values that are passed on together.
const BATCH_ROWS: usize = 256;
const BATCH_BYTES: usize = 1 << 20;

/// A table with its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// The names of its columns.
    pub columns: Vec<String>,
}

/// A piece of a dump: a table, then its rows, then the next table.
#[derive(Debug)]
pub enum Piece {
    /// What follows are rows of this table.
    Table(Table),
    /// Rows, each with its values in the order of the columns.
    Rows(Vec<Vec<Val>>),
}

/// Collects rows until there are enough to pass on.
#[derive(Default)]
pub(crate) struct RowBatch {
    pub(crate) rows: Vec<Vec<Val>>,
    bytes: usize,
}

impl RowBatch {
    /// Adds a row, and gives back all that were collected when they are enough.
    pub(crate) fn push(&mut self, row: Vec<Val>) -> Option<Vec<Vec<Val>>> {
        self.bytes += row.iter().map(size).sum::<usize>();
        self.rows.push(row);
        if self.rows.len() < BATCH_ROWS && self.bytes < BATCH_BYTES {
            return None;
        }
        self.bytes = 0;
        Some(std::mem::take(&mut self.rows))
    }
}

fn size(value: &Val) -> usize {
    match value {
        Val::Text(text) => text.len(),
        Val::Blob(bytes) => bytes.len(),
        Val::Null | Val::Int(_) | Val::Real(_) => 8,
    }
}

pub(crate) fn select_all(table: &str) -> String {
    format!("SELECT * FROM {}", quoted(table))
}

pub(crate) fn delete_all(table: &str) -> String {
    format!("DELETE FROM {}", quoted(table))
}

pub(crate) fn insert(table: &Table) -> String {
    let columns: Vec<String> = table.columns.iter().map(|name| quoted(name)).collect();
    let marks = vec!["?"; columns.len()].join(", ");
    format!(
        "INSERT INTO {} ({}) VALUES ({marks})",
        quoted(&table.name),
        columns.join(", ")
    )
}

/// An identifier, quoted as both databases do it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_quoted() {
        let table = Table {
            name: "a\"b".into(),
            columns: vec!["c d".into(), "e".into()],
        };
        assert_eq!(
            insert(&table),
            "INSERT INTO \"a\"\"b\" (\"c d\", \"e\") VALUES (?, ?)"
        );
    }

    #[test]
    fn rows_are_passed_on_when_they_are_many_or_large() {
        let mut batch = RowBatch::default();
        let many = (0..1000)
            .filter_map(|_| batch.push(vec![Val::Int(1)]))
            .count();
        assert_eq!(many, 3);
        let mut batch = RowBatch::default();
        assert!(
            batch
                .push(vec![Val::Text("x".repeat(BATCH_BYTES))])
                .is_some()
        );
        assert!(batch.rows.is_empty());
    }
}
