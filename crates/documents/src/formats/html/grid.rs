//! A table being read: cells that span rows and columns are laid out on a grid.

use crate::place::Place;
use crate::table::{Builder, Table};

/// The most columns of a table.
const COLUMNS_MAX: usize = 1_024;
/// The most rows that head the columns.
const HEADERS_MAX: usize = 4;
/// The most cells that spans may add to a table.
const SPANNED_MAX: usize = 100_000;

/// A table being read.
pub(in crate::formats) struct Grid {
    pub(in crate::formats) caption: String,
    pub(in crate::formats) line: u64,
    pub(in crate::formats) is_main: bool,
    pub(in crate::formats) heading_path: Vec<String>,
    /// The rows that head the columns; their names are joined.
    headers: Vec<Vec<String>>,
    rows: Vec<Vec<String>>,
    row: Vec<String>,
    row_is_header: bool,
    /// For each column, how many more rows the cell above covers, and its text.
    covering: Vec<(usize, String)>,
    spanned: usize,
    pub(in crate::formats) cell: Option<Cell>,
    /// Whether cells are read that head the columns.
    pub(in crate::formats) in_head: bool,
}

/// A cell being read.
pub(in crate::formats) struct Cell {
    pub(in crate::formats) text: String,
    pub(in crate::formats) is_header: bool,
    pub(in crate::formats) columns: usize,
    pub(in crate::formats) rows: usize,
}

impl Grid {
    /// A table that begins at `line`.
    pub(in crate::formats) fn new(line: u64, is_main: bool, heading_path: Vec<String>) -> Self {
        Self {
            caption: String::new(),
            line,
            is_main,
            heading_path,
            headers: Vec::new(),
            rows: Vec::new(),
            row: Vec::new(),
            row_is_header: true,
            covering: Vec::new(),
            spanned: 0,
            cell: None,
            in_head: false,
        }
    }

    /// End the open cell, if there is one.
    pub(in crate::formats) fn end_cell(&mut self) {
        let Some(cell) = self.cell.take() else { return };
        self.row_is_header &= cell.is_header;
        self.fill_covered();
        let text = cell.text.trim().to_owned();
        if self.row.len() >= COLUMNS_MAX {
            // Nothing is lost: what is beyond the last column joins it.
            if let Some(last) = self.row.last_mut() {
                last.push(' ');
                last.push_str(&text);
            }
            return;
        }
        let columns = cell.columns.clamp(1, COLUMNS_MAX - self.row.len());
        for index in 0..columns {
            if index > 0 {
                self.spanned += if cell.is_header { text.len() } else { 0 };
                if !self.may_span() {
                    break;
                }
            }
            let column = self.row.len();
            if cell.rows > 1 {
                self.covering
                    .resize(self.covering.len().max(column + 1), (0, String::new()));
                if let Some(covered) = self.covering.get_mut(column) {
                    *covered = (
                        cell.rows - 1,
                        if index == 0 || cell.is_header {
                            text.clone()
                        } else {
                            String::new()
                        },
                    );
                }
            }
            // A name that spans columns heads each of them; a value is not made up where it does not stand.
            self.row.push(if index == 0 || cell.is_header {
                text.clone()
            } else {
                String::new()
            });
        }
    }

    /// End the open row, if it has cells.
    pub(in crate::formats) fn end_row(&mut self) {
        self.end_cell();
        if self.row.is_empty() {
            return;
        }
        self.fill_covered();
        let row = std::mem::take(&mut self.row);
        if self.row_is_header && self.headers.len() < HEADERS_MAX && self.rows.is_empty() {
            self.headers.push(row);
        } else {
            self.rows.push(row);
        }
        self.row_is_header = true;
    }

    /// The table, or the text of what only looks like one: a single cell is layout.
    pub(in crate::formats) fn finish(
        mut self,
        name: String,
        last_line: u64,
        rows_max: u64,
    ) -> Result<Table, String> {
        self.end_row();
        let cells: usize = self.rows.iter().map(Vec::len).sum::<usize>()
            + self.headers.iter().map(Vec::len).sum::<usize>();
        if cells <= 1 {
            let text = self
                .headers
                .into_iter()
                .chain(self.rows)
                .flatten()
                .collect::<Vec<_>>();
            return Err(text.join(" "));
        }
        let mut builder = Builder::new(joined(&self.headers), rows_max);
        for row in &self.rows {
            builder.push(row.iter().map(String::as_str));
        }
        let count = builder.row_count();
        let place = Place {
            rows: (count > 0).then_some((1, count)),
            heading_path: self.heading_path,
            ..Place::lines(self.line, last_line)
        };
        let caption = self.caption.trim();
        let name = if caption.is_empty() {
            name
        } else {
            caption.to_owned()
        };
        Ok(builder.finish(name, place))
    }

    /// Fill the columns that cells of earlier rows reach down to.
    fn fill_covered(&mut self) {
        while let Some((rows, text)) = self.covering.get_mut(self.row.len())
            && *rows > 0
        {
            *rows -= 1;
            let text = text.clone();
            self.spanned += text.len() + 1;
            self.row.push(text);
            if self.spanned > SPANNED_MAX {
                self.covering.clear();
            }
        }
    }

    fn may_span(&mut self) -> bool {
        self.spanned += 1;
        self.spanned <= SPANNED_MAX
    }
}

/// The names in the rows that head the columns, outermost first. One that spans rows is said once.
fn joined(headers: &[Vec<String>]) -> Vec<String> {
    let columns = headers.iter().map(Vec::len).max().unwrap_or(0);
    let name = |column: usize| {
        let mut parts: Vec<&str> = headers
            .iter()
            .filter_map(|row| row.get(column).map(String::as_str))
            .filter(|part| !part.is_empty())
            .collect();
        parts.dedup();
        parts.join(" / ")
    };
    (0..columns).map(name).collect()
}
