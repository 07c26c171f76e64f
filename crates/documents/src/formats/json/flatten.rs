//! Objects to rows: nested objects get dotted names, nested arrays stay as compact JSON.

use std::collections::HashMap;

use serde_json::value::RawValue;

use super::{Node, dotted};
use crate::document::Document;
use crate::error::Error;
use crate::place::Place;
use crate::table::{Builder, Table};

/// The most columns of a table made from objects; what lies beyond goes into the last one as it is written.
const COLUMNS_MAX: usize = 1_024;
/// The last column, when there are too many.
const REST: &str = "(more)";

/// Makes a table from objects, one at a time.
pub(in crate::formats) struct Flattener {
    columns: HashMap<String, usize>,
    names: Vec<String>,
    table: Builder,
    row: Vec<String>,
    repeated: u64,
}

impl Flattener {
    /// A table that keeps at most `rows_max` rows.
    pub(in crate::formats) fn new(rows_max: u64) -> Self {
        Self {
            columns: HashMap::new(),
            names: Vec::new(),
            table: Builder::new(Vec::new(), rows_max),
            row: Vec::new(),
            repeated: 0,
        }
    }

    /// Add a row; anything but an object is one cell in a column named `value`.
    pub(in crate::formats) fn push(&mut self, raw: &RawValue) -> Result<(), Error> {
        self.row.clear();
        self.flatten("", raw)?;
        self.table.push(self.row.iter().map(String::as_str));
        Ok(())
    }

    /// How many rows there are.
    pub(in crate::formats) const fn row_count(&self) -> u64 {
        self.table.row_count()
    }

    /// Say what did not fit the shape of a table.
    pub(in crate::formats) fn report(&self, document: &mut Document, place: &Place) {
        if self.repeated > 0 {
            let message = format!(
                "{} names occur twice in an object; their values were joined with `; `",
                self.repeated
            );
            document.warn("duplicate_name", message, place.clone());
        }
        if self.columns.contains_key(REST) {
            let message =
                format!("there are more than {COLUMNS_MAX} columns; the rest is in `{REST}`");
            document.warn("columns_joined", message, place.clone());
        }
    }

    /// Close the table.
    pub(in crate::formats) fn finish(self, name: &str, place: Place) -> Table {
        self.table.finish_with(self.names, name, place)
    }

    /// Recursion ends at the depth limit, which is checked before.
    fn flatten(&mut self, name: &str, raw: &RawValue) -> Result<(), Error> {
        match Node::read(raw)? {
            Node::Object(entries) => {
                for (key, value) in &entries {
                    self.flatten(&dotted(name, key), value)?;
                }
            }
            Node::Array(_) => self.set(name, raw.get().to_owned()),
            Node::Scalar(text) => self.set(name, text),
        }
        Ok(())
    }

    fn set(&mut self, name: &str, value: String) {
        let name = if name.is_empty() { "value" } else { name };
        let (column, is_rest) = self.column(name);
        if self.row.len() <= column {
            self.row.resize(column + 1, String::new());
        }
        let Some(cell) = self.row.get_mut(column) else {
            return;
        };
        if is_rest {
            cell.push_str(if cell.is_empty() { "" } else { "; " });
            cell.push_str(name);
            cell.push_str(": ");
            cell.push_str(&value);
        } else if cell.is_empty() {
            *cell = value;
        } else {
            self.repeated += 1;
            cell.push_str("; ");
            cell.push_str(&value);
        }
    }

    fn column(&mut self, name: &str) -> (usize, bool) {
        if let Some(column) = self.columns.get(name) {
            return (*column, name == REST);
        }
        let is_rest = self.names.len() >= COLUMNS_MAX;
        let name = if is_rest { REST } else { name };
        let next = self.names.len();
        let column = *self.columns.entry(name.to_owned()).or_insert(next);
        if column == next {
            self.names.push(name.to_owned());
        }
        (column, is_rest)
    }
}
