//! Tables and the types of their columns.

mod header;
mod infer;

use std::cell::Cell;
use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::KEPT_BYTES_MAX;
use crate::place::Place;
pub(crate) use header::is_header;
use infer::Inference;
pub(crate) use infer::classify;

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Table {
    /// Its caption, or where it was found.
    pub name: String,
    /// The columns, as many as the widest row has.
    pub columns: Vec<Column>,
    /// The first rows, cells as they are written in the source. A row may be shorter than the columns: what the source
    /// does not have is not made up.
    pub rows: Vec<Vec<String>>,
    /// How many rows there are, kept or not.
    pub row_count: u64,
    /// Where it stands.
    pub place: Place,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Column {
    /// Its heading; `column_3` where the source has none.
    pub name: String,
    /// What all of its values can be read as, over all rows.
    pub kind: ColumnKind,
    /// How many rows have no value here.
    pub nulls: u64,
}

/// What all values of a column can be read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Whole numbers without leading zeros.
    Integer,
    /// Numbers with a decimal point or comma, grouping or an exponent.
    Decimal,
    /// `true`, `false`, `yes`, `no`, in any case.
    Boolean,
    /// Calendar dates.
    Date,
    /// Dates with a time of day.
    Timestamp,
    /// Anything else.
    Text,
    /// There is no value.
    Empty,
}

impl Table {
    /// Write the header and the kept rows, cells a tab apart.
    pub(crate) fn write_text(&self, text: &mut String) {
        let mut cells = self.columns.iter().map(|column| column.name.as_str());
        join_into(text, &mut cells);
        for row in &self.rows {
            text.push('\n');
            join_into(text, &mut row.iter().map(String::as_str));
        }
    }
}

fn join_into(text: &mut String, cells: &mut dyn Iterator<Item = &str>) {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            text.push('\t');
        }
        text.push_str(cell);
    }
}

/// About what a cell and a row take beside their text, in bytes.
const CELL_BYTES: usize = 8;

/// Collects rows in one pass: keeps the first ones, counts and types all of them.
pub(crate) struct Builder {
    headers: Vec<String>,
    columns: Vec<Inference>,
    rows: Vec<Vec<String>>,
    rows_max: u64,
    row_count: u64,
    /// What can still be kept, in bytes.
    room: Rc<Cell<usize>>,
}

impl Builder {
    /// A table with these column names, which keeps at most `rows_max` rows.
    pub(crate) fn new(headers: Vec<String>, rows_max: u64) -> Self {
        Self {
            columns: vec![Inference::default(); headers.len()],
            headers,
            rows: Vec::new(),
            rows_max,
            row_count: 0,
            room: Rc::new(Cell::new(KEPT_BYTES_MAX)),
        }
    }

    /// A table that shares the room for its rows with this one.
    pub(crate) fn beside(&self, rows_max: u64) -> Self {
        Self {
            room: Rc::clone(&self.room),
            ..Self::new(Vec::new(), rows_max)
        }
    }

    /// Add a row. Cells beyond the known columns open new ones.
    pub(crate) fn push<'a>(&mut self, cells: impl Iterator<Item = &'a str> + Clone) {
        let mut width = 0;
        for cell in cells.clone() {
            if width == self.columns.len() {
                // The rows so far had nothing here.
                self.columns.push(Inference::with_nulls(self.row_count));
            }
            self.columns[width].observe(cell);
            width += 1;
        }
        for missing in self.columns.iter_mut().skip(width) {
            missing.observe("");
        }
        if self.row_count < self.rows_max && self.has_room(cells.clone()) {
            self.rows.push(cells.map(str::to_owned).collect());
        }
        self.row_count += 1;
    }

    /// Take the room for a row. Without it, this row and all behind it are not kept: the first ones are, without gaps.
    fn has_room<'a>(&mut self, cells: impl Iterator<Item = &'a str>) -> bool {
        let needed = CELL_BYTES + cells.map(|cell| cell.len() + CELL_BYTES).sum::<usize>();
        match self.room.get().checked_sub(needed) {
            Some(rest) => self.room.set(rest),
            None => self.rows_max = 0,
        }
        self.rows_max > 0
    }

    /// How many rows there are so far.
    pub(crate) const fn row_count(&self) -> u64 {
        self.row_count
    }

    /// Close the table, with the column names it began with.
    pub(crate) fn finish(mut self, name: impl Into<String>, place: Place) -> Table {
        let headers = std::mem::take(&mut self.headers);
        self.finish_with(headers, name, place)
    }

    /// Close the table, with column names that were found on the way.
    pub(crate) fn finish_with(
        self,
        headers: Vec<String>,
        name: impl Into<String>,
        place: Place,
    ) -> Table {
        let mut headers = headers.into_iter();
        let columns = self
            .columns
            .into_iter()
            .enumerate()
            .map(|(index, column)| Column {
                name: headers
                    .next()
                    .filter(|name| !name.trim().is_empty())
                    .unwrap_or_else(|| format!("column_{}", index + 1)),
                kind: column.kind(),
                nulls: column.nulls(),
            });
        Table {
            name: name.into(),
            columns: columns.collect(),
            rows: self.rows,
            row_count: self.row_count,
            place,
        }
    }
}
