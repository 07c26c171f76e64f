//! A table being read, cells laid out on a grid.

use crate::place::Place;
use crate::table::{Builder, Table, is_header};

/// The most columns of a table in a text.
const COLUMNS_MAX: usize = 1_024;
/// The most bytes and cells that merged and repeated cells may add to the tables of a document.
const ADDED_MAX: usize = 4 << 20;

/// A table being read.
///
/// What a merged area says is a row's own where it reaches down, so each row it covers says it; to the right of it
/// cells are empty. Tables in a cell become lines of its text.
#[derive(Default)]
pub(super) struct Grid {
    rows: Vec<Vec<String>>,
    header_rows: usize,
    row: Vec<String>,
    cell: Option<Cell>,
    /// For each column, how many more rows the cell above reaches down to.
    reach: Vec<usize>,
    added: usize,
}

/// A cell being read.
struct Cell {
    text: String,
    columns: usize,
    rows: usize,
    continues: bool,
}

/// What the file says about the first row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeaderHint {
    /// Nothing, or that it looks different.
    Perhaps,
    /// That it is no header.
    No,
}

impl Grid {
    /// A table in a document that has added so much to others already.
    pub(super) fn new(added: usize) -> Self {
        Self {
            added,
            ..Self::default()
        }
    }

    /// How much merged and repeated cells have added so far, in this table and those before.
    pub(super) const fn added(&self) -> usize {
        self.added
    }

    /// Begin a cell that covers so many columns and rows.
    pub(super) fn open_cell(&mut self, columns: usize, rows: usize) {
        self.close_cell();
        self.cell = Some(Cell {
            text: String::new(),
            columns: columns.max(1),
            rows: rows.max(1),
            continues: false,
        });
    }

    /// The open cell covers so many columns.
    pub(super) fn span(&mut self, columns: usize) {
        if let Some(cell) = self.cell.as_mut() {
            cell.columns = columns.max(1);
        }
    }

    /// The open cell is part of the one above.
    pub(super) fn continue_above(&mut self) {
        if let Some(cell) = self.cell.as_mut() {
            cell.continues = true;
        }
    }

    /// Add a paragraph to the open cell.
    pub(super) fn write(&mut self, text: &str) {
        let Some(cell) = self.cell.as_mut() else {
            return;
        };
        if !cell.text.is_empty() {
            cell.text.push('\n');
        }
        cell.text.push_str(text);
    }

    /// End the open cell, if there is one.
    pub(super) fn close_cell(&mut self) {
        let Some(cell) = self.cell.take() else {
            return;
        };
        self.fill_covered();
        let column = self.row.len();
        let text = if cell.continues && cell.text.is_empty() {
            self.above(column)
        } else {
            cell.text
        };
        if column >= COLUMNS_MAX {
            // Nothing is lost: what is beyond the last column joins it.
            if let Some(last) = self.row.last_mut().filter(|_| !text.is_empty()) {
                last.push(' ');
                last.push_str(&text);
            }
            return;
        }
        self.row.push(text);
        let columns = cell.columns.min(COLUMNS_MAX - column);
        if cell.rows > 1 {
            self.reach.resize(self.reach.len().max(column + columns), 0);
            for reach in self.reach.iter_mut().skip(column).take(columns) {
                *reach = cell.rows - 1;
            }
        }
        for _ in 1..columns {
            self.added += 1;
            if self.added <= ADDED_MAX {
                self.row.push(String::new());
            }
        }
    }

    /// End the open row, if it has cells.
    pub(super) fn close_row(&mut self, is_header: bool) {
        self.close_cell();
        if self.row.is_empty() {
            return;
        }
        self.fill_covered();
        let row = std::mem::take(&mut self.row);
        if is_header && self.header_rows == self.rows.len() {
            self.header_rows += 1;
        }
        self.rows.push(row);
    }

    /// Drop the open row.
    pub(super) fn drop_row(&mut self) {
        self.cell = None;
        self.row.clear();
    }

    /// All cells as lines, for a table within a cell.
    pub(super) fn into_text(mut self) -> String {
        self.close_row(false);
        let rows: Vec<String> = self.rows.iter().map(|row| row.join("\t")).collect();
        rows.join("\n")
    }

    /// The table, or the text of what is a frame around it: a single cell.
    pub(super) fn finish(
        mut self,
        hint: HeaderHint,
        name: String,
        place: Place,
        rows_max: u64,
    ) -> Result<Table, String> {
        self.close_row(false);
        if self.rows.iter().map(Vec::len).sum::<usize>() <= 1 {
            return Err(self.rows.concat().concat());
        }
        let mut header_rows = self.header_rows.min(self.rows.len());
        if header_rows == 0 && hint == HeaderHint::Perhaps {
            let cells =
                |row: Option<&Vec<String>>| -> Vec<String> { row.cloned().unwrap_or_default() };
            let (first, second) = (cells(self.rows.first()), cells(self.rows.get(1)));
            let first: Vec<&[u8]> = first.iter().map(String::as_bytes).collect();
            let second: Vec<&[u8]> = second.iter().map(String::as_bytes).collect();
            header_rows = usize::from(is_header(&first, &second));
        }
        let (headers, rows) = self.rows.split_at(header_rows);
        let mut builder = Builder::new(column_names(headers), rows_max);
        for row in rows {
            builder.push(row.iter().map(String::as_str));
        }
        let count = builder.row_count();
        let place = Place {
            rows: (count > 0).then_some((1, count)),
            ..place
        };
        Ok(builder.finish(name, place))
    }

    /// What stands above in this column.
    fn above(&mut self, column: usize) -> String {
        let above = self.rows.last().and_then(|row| row.get(column));
        let text = above.cloned().unwrap_or_default();
        self.added += text.len() + 1;
        if self.added > ADDED_MAX {
            return String::new();
        }
        text
    }

    /// Fill the columns that cells of earlier rows reach down to.
    fn fill_covered(&mut self) {
        while let Some(reach) = self
            .reach
            .get_mut(self.row.len())
            .filter(|reach| **reach > 0)
        {
            *reach -= 1;
            let text = self.above(self.row.len());
            self.row.push(text);
        }
    }
}

/// One name for each column, from one or several rows.
fn column_names(headers: &[Vec<String>]) -> Vec<String> {
    let width = headers.iter().map(Vec::len).max().unwrap_or(0);
    let name = |column: usize| {
        let mut words: Vec<String> = Vec::new();
        for row in headers {
            let cell = row.get(column).map(String::as_str).unwrap_or_default();
            let cell = cell.split_whitespace().collect::<Vec<_>>().join(" ");
            if !cell.is_empty() && !words.contains(&cell) {
                words.push(cell);
            }
        }
        words.join(" ")
    };
    (0..width).map(name).collect()
}
