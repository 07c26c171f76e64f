//! Rows of a sheet that belong together.

use crate::table::{Builder, is_header};

/// The filled cells of a row, from left to right.
pub(super) struct Row {
    pub(super) index: u32,
    pub(super) cells: Vec<(u32, String)>,
}

/// Rows that belong together.
pub(super) struct Region {
    pub(super) rows: Vec<Row>,
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) left: u32,
    pub(super) right: u32,
    pub(super) builder: Option<Builder>,
}

impl Region {
    /// A few rows of one cell each: a title or a remark, not a table.
    pub(super) fn is_lines(&self) -> bool {
        self.builder.is_none()
            && self.rows.len() <= 2
            && self.rows.iter().all(|row| row.cells.len() == 1)
    }
}

/// Add a row that begins in column `left`; returns how many cells stood before it.
pub(super) fn push_row(builder: &mut Builder, left: u32, row: &Row) -> u64 {
    let mut cells: Vec<String> = Vec::new();
    let mut moved = 0;
    for (column, text) in &row.cells {
        let at = column.saturating_sub(left) as usize;
        if *column < left {
            moved += 1;
        }
        if cells.len() <= at {
            cells.resize(at + 1, String::new());
        }
        if let Some(cell) = cells.get_mut(at) {
            if !cell.is_empty() {
                cell.push(' ');
            }
            cell.push_str(text);
        }
    }
    builder.push(cells.iter().map(String::as_str));
    moved
}

/// The cells of a header row as names of columns from `left` on.
pub(super) fn names(row: &Row, left: u32) -> Vec<String> {
    let mut names = Vec::new();
    for (column, text) in &row.cells {
        let at = column.saturating_sub(left) as usize;
        if names.len() <= at {
            names.resize(at + 1, String::new());
        }
        if let Some(name) = names.get_mut(at) {
            *name = text.split_whitespace().collect::<Vec<_>>().join(" ");
        }
    }
    names
}

/// Whether a row names the columns of those below.
pub(super) fn looks_like_header(first: &Row, second: Option<&Row>) -> bool {
    let cells = |row: &'_ Row| -> Vec<Vec<u8>> {
        row.cells
            .iter()
            .map(|(_, text)| text.clone().into_bytes())
            .collect()
    };
    let first = cells(first);
    let second = second.map(cells).unwrap_or_default();
    let first: Vec<&[u8]> = first.iter().map(Vec::as_slice).collect();
    let second: Vec<&[u8]> = second.iter().map(Vec::as_slice).collect();
    is_header(&first, &second)
}

/// A cell as people call it: `C5`.
pub(super) fn reference(row: u32, column: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        letters.push(char::from(
            b'A' + u8::try_from((rest - 1) % 26).unwrap_or(0),
        ));
        rest = (rest - 1) / 26;
    }
    letters.reverse();
    format!(
        "{}{}",
        letters.into_iter().collect::<String>(),
        u64::from(row) + 1
    )
}
