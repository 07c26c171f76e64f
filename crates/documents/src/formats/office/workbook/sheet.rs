//! From cells to tables: a sheet is cut into regions, and each region is a table or a few lines of text.

use serde_json::{Map, Value as Json, json};

use super::region::{Region, Row, looks_like_header, names, push_row, reference};
use super::value::Value;
use crate::document::{BlockKind, Document, Heading};
use crate::error::Error;
use crate::place::Place;
use crate::request::Options;
use crate::table::Builder;
use crate::text::shorten;

/// The most columns of a sheet: what Excel allows.
const COLUMNS_MAX: u32 = 16_384;
/// The most cells, empty ones between others counted, that are looked at.
const CELLS_MAX: u64 = 200_000_000;
/// The most bytes of text that are kept of all tables. A shared text is stored once and may be shown a million times.
const TEXT_BYTES_MAX: usize = 256 << 20;
/// The most sheets.
const SHEETS_MAX: usize = 4_096;
/// The rows of a region that decide where its first column is.
const LOOK_ROWS: usize = 500;
/// The most lines above a header that are its title.
const TITLE_ROWS_MAX: usize = 5;
/// The most characters of a sheet's name; Excel allows 31, and each place repeats it.
const NAME_CHARACTERS_MAX: usize = 255;

const TOO_WIDE: Error = Error::TooLarge {
    limit: COLUMNS_MAX as u64,
    what: "columns in a sheet",
};

const TOO_MUCH_TEXT: Error = Error::TooLarge {
    limit: TEXT_BYTES_MAX as u64,
    what: "bytes in its cells",
};

/// A workbook being read.
pub(in super::super) struct Book<'d> {
    pub(in super::super) document: &'d mut Document,
    has_header: Option<bool>,
    rows_max: u64,
    cells_left: u64,
    text_left: usize,
    rows: u64,
    sheets: Vec<Json>,
}

/// Whether a sheet is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Visibility {
    Visible,
    Hidden,
    /// Hidden so that only a program can show it.
    VeryHidden,
}

impl Visibility {
    const fn name(self) -> &'static str {
        match self {
            Self::Visible => "visible",
            Self::Hidden => "hidden",
            Self::VeryHidden => "very_hidden",
        }
    }
}

impl<'d> Book<'d> {
    /// A workbook whose tables are read as the options ask.
    pub(in super::super) fn new(document: &'d mut Document, options: &Options) -> Self {
        Self {
            document,
            has_header: options.has_header,
            rows_max: options.rows_max,
            cells_left: CELLS_MAX,
            text_left: TEXT_BYTES_MAX,
            rows: 0,
            sheets: Vec::new(),
        }
    }

    /// Begin a sheet.
    pub(in super::super) fn sheet<'b>(
        &'b mut self,
        name: &str,
        visibility: Visibility,
    ) -> Result<Sheet<'b, 'd>, Error> {
        if self.sheets.len() >= SHEETS_MAX {
            return Err(Error::TooLarge {
                limit: SHEETS_MAX as u64,
                what: "sheets",
            });
        }
        Ok(Sheet {
            book: self,
            name: shorten(name, NAME_CHARACTERS_MAX),
            visibility,
            row: None,
            region: None,
            candidate: None,
            ranges: Vec::new(),
            rows: 0,
            merged: 0,
            has_heading: false,
            remarks: Vec::new(),
            errors: Vec::new(),
            error_count: 0,
            formulas_without_value: 0,
            cells_moved: 0,
        })
    }

    /// Note a sheet that holds no cells, such as a chart.
    pub(in super::super) fn other_sheet(&mut self, name: &str, kind: &str, visibility: Visibility) {
        if self.sheets.len() < SHEETS_MAX {
            self.sheets
                .push(json!({ "name": name, "kind": kind, "visibility": visibility.name() }));
        }
        let message = format!("sheet `{name}` is a {kind}, which was not read");
        self.document.warn(
            "sheet_not_read",
            message,
            Place {
                sheet: Some(name.to_owned()),
                ..Place::default()
            },
        );
    }

    /// End of the workbook.
    pub(in super::super) fn finish(self) {
        self.document.record_count = self.rows;
        self.document
            .metadata
            .insert("sheets".to_owned(), Json::Array(self.sheets));
    }
}

/// A sheet being read. Rows and columns are counted from 0 here, as the formats do.
pub(in super::super) struct Sheet<'b, 'd> {
    book: &'b mut Book<'d>,
    name: String,
    visibility: Visibility,
    row: Option<Row>,
    region: Option<Region>,
    /// A row below a single empty one: the next row tells whether a new table begins with it.
    candidate: Option<Row>,
    ranges: Vec<String>,
    rows: u64,
    merged: u64,
    has_heading: bool,
    remarks: Vec<String>,
    errors: Vec<String>,
    error_count: u64,
    formulas_without_value: u64,
    cells_moved: u64,
}

impl Sheet<'_, '_> {
    /// Take a cell. Cells come row by row; a row that comes too late is put where the reader is.
    pub(in super::super) fn cell(
        &mut self,
        row: u32,
        column: u32,
        value: Value,
    ) -> Result<(), Error> {
        let text = match value {
            Value::Empty => return Ok(()),
            Value::Text(text) => text,
            Value::Error(text) => {
                self.error_count += 1;
                if self.errors.len() < 3 {
                    self.errors
                        .push(format!("{text} in {}", reference(row, column)));
                }
                text
            }
        };
        if text.is_empty() {
            return Ok(());
        }
        if column >= COLUMNS_MAX {
            return Err(TOO_WIDE);
        }
        self.book.text_left = self
            .book
            .text_left
            .checked_sub(text.len() + 1)
            .ok_or(TOO_MUCH_TEXT)?;
        if self.row.as_ref().is_some_and(|open| row != open.index) {
            self.end_row()?;
        }
        let open = self.row.get_or_insert_with(|| Row {
            index: row,
            cells: Vec::new(),
        });
        if open.cells.len() >= COLUMNS_MAX as usize {
            return Err(TOO_WIDE);
        }
        open.cells.push((column, text));
        Ok(())
    }

    /// A formula whose result the file does not hold.
    pub(in super::super) const fn formula_without_value(&mut self) {
        self.formulas_without_value += 1;
    }

    /// An area of merged cells.
    pub(in super::super) const fn merged(&mut self) {
        self.merged += 1;
    }

    /// A remark on a cell, by whom it may be.
    pub(in super::super) fn remark(&mut self, row: u32, column: u32, text: &str) {
        self.remark_at(&reference(row, column), text);
    }

    /// A remark on a cell that is named as people name it. Remarks follow the tables of their sheet.
    pub(in super::super) fn remark_at(&mut self, cell: &str, text: &str) {
        let text = text.trim();
        if !text.is_empty() {
            self.remarks.push(format!("{cell}: {text}"));
        }
    }

    /// End of the sheet.
    pub(in super::super) fn finish(mut self) -> Result<(), Error> {
        self.end_rows()?;
        for remark in std::mem::take(&mut self.remarks) {
            self.heading();
            let place = self.place();
            self.book.document.push(BlockKind::Comment, remark, place);
        }
        self.warnings();
        let mut facts = Map::new();
        facts.insert("name".to_owned(), json!(self.name));
        facts.insert("visibility".to_owned(), json!(self.visibility.name()));
        facts.insert("tables".to_owned(), json!(self.ranges));
        facts.insert("rows".to_owned(), json!(self.rows));
        self.book.rows += self.rows;
        self.book.sheets.push(Json::Object(facts));
        Ok(())
    }

    fn end_rows(&mut self) -> Result<(), Error> {
        self.end_row()?;
        if let Some(row) = self.candidate.take() {
            self.append(row)?;
        }
        self.end_region();
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), Error> {
        let Some(mut row) = self.row.take() else {
            return Ok(());
        };
        row.cells.sort_by_key(|(column, _)| *column);
        if let Some(candidate) = self.candidate.take() {
            let begins = row.index == candidate.index + 1
                && looks_like_header(&candidate, Some(&row))
                && candidate.cells.len() > 1;
            if begins {
                self.end_region();
            }
            self.append(candidate)?;
        }
        let gap = match &self.region {
            Some(region) => row.index.saturating_sub(region.last + 1),
            None => 0,
        };
        match gap {
            0 => self.append(row),
            // What stands above an empty row and is no table is a title.
            1 if self
                .region
                .as_ref()
                .is_some_and(|region| !region.is_lines()) =>
            {
                self.candidate = Some(row);
                Ok(())
            }
            _ => {
                self.end_region();
                self.append(row)
            }
        }
    }

    fn append(&mut self, row: Row) -> Result<(), Error> {
        let (left, right) = match row.cells.as_slice() {
            [] => return Ok(()),
            [(left, _), .., (right, _)] => (*left, *right),
            [(left, _)] => (*left, *left),
        };
        let region = self.region.get_or_insert_with(|| Region {
            rows: Vec::new(),
            first: row.index,
            last: row.index,
            left,
            right,
            builder: None,
        });
        let gap = row.index.saturating_sub(region.last + 1);
        region.right = region.right.max(right);
        region.first = region.first.min(row.index);
        region.last = region.last.max(row.index);
        let width = u64::from(region.right - region.left.min(left) + 1) * u64::from(gap + 1);
        self.book.cells_left = self
            .book
            .cells_left
            .checked_sub(width)
            .ok_or(Error::TooLarge {
                limit: CELLS_MAX,
                what: "cells in its used areas",
            })?;
        if u64::from(row.index.saturating_sub(region.first)) > self.book.rows_max {
            // It will be counted, not kept.
            let bytes: usize = row.cells.iter().map(|(_, text)| text.len() + 1).sum();
            self.book.text_left = self.book.text_left.saturating_add(bytes);
        } else {
            let bytes = (right - region.left.min(left) + 1) as usize * size_of::<String>();
            self.book.text_left = self
                .book
                .text_left
                .checked_sub(bytes)
                .ok_or(TOO_MUCH_TEXT)?;
        }
        match region.builder.as_mut() {
            Some(builder) => {
                for _ in 0..gap {
                    builder.push(std::iter::empty());
                }
                self.cells_moved += push_row(builder, region.left, &row);
            }
            None => {
                region.left = region.left.min(left);
                region.rows.push(row);
                if region.rows.len() >= LOOK_ROWS {
                    self.start_table();
                }
            }
        }
        Ok(())
    }

    /// The rows so far decide on the title, the header and the first column.
    fn start_table(&mut self) {
        let Some(mut region) = self.region.take() else {
            return;
        };
        let is_wide = region.rows.iter().any(|row| row.cells.len() > 1);
        let lines = region
            .rows
            .iter()
            .take_while(|row| row.cells.len() == 1)
            .count();
        if is_wide && lines > 0 && lines <= TITLE_ROWS_MAX {
            let rest = region.rows.split_off(lines);
            self.lines(&region.rows);
            region.rows = rest;
            region.first = region.rows.first().map_or(region.first, |row| row.index);
            let columns = region.rows.iter().filter_map(|row| row.cells.first());
            region.left = columns
                .map(|(column, _)| *column)
                .min()
                .unwrap_or(region.left);
            let columns = region.rows.iter().filter_map(|row| row.cells.last());
            region.right = columns
                .map(|(column, _)| *column)
                .max()
                .unwrap_or(region.right);
        }
        let has_header = self.book.has_header.unwrap_or_else(|| {
            let width = (region.right - region.left + 1) as usize;
            // A column without a name is usual, a table of them is not.
            region.rows.first().is_some_and(|first| {
                first.cells.len() * 2 > width && looks_like_header(first, region.rows.get(1))
            })
        });
        let mut rows = std::mem::take(&mut region.rows).into_iter();
        let header = if has_header { rows.next() } else { None };
        let mut last = header.as_ref().map(|row| row.index);
        let headers = header
            .map(|row| names(&row, region.left))
            .unwrap_or_default();
        let mut builder = Builder::new(headers, self.book.rows_max);
        for row in rows {
            let gap = last.map_or(0, |last| row.index.saturating_sub(last + 1));
            for _ in 0..gap {
                builder.push(std::iter::empty());
            }
            last = Some(row.index);
            self.cells_moved += push_row(&mut builder, region.left, &row);
        }
        region.builder = Some(builder);
        self.region = Some(region);
    }

    fn end_region(&mut self) {
        let Some(region) = &self.region else {
            return;
        };
        if region.is_lines() {
            let rows = self
                .region
                .take()
                .map(|region| region.rows)
                .unwrap_or_default();
            self.lines(&rows);
            return;
        }
        if region.builder.is_none() {
            self.start_table();
        }
        let Some((region, builder)) = self.region.take().and_then(|mut region| {
            let builder = region.builder.take()?;
            Some((region, builder))
        }) else {
            return;
        };
        let range = format!(
            "{}:{}",
            reference(region.first, region.left),
            reference(region.last, region.right)
        );
        let count = builder.row_count();
        self.rows += count;
        self.heading();
        let place = Place {
            rows: (count > 0).then_some((1, count)),
            ..self.place()
        };
        let table = builder.finish(format!("{}!{range}", self.name), place);
        self.ranges.push(range);
        self.book.document.push_table(table);
    }

    /// Rows with a single cell are lines of text.
    fn lines(&mut self, rows: &[Row]) {
        self.heading();
        let texts = rows
            .iter()
            .flat_map(|row| row.cells.iter().map(|(_, text)| text.as_str()));
        let text = texts.collect::<Vec<_>>().join("\n");
        let place = self.place();
        self.book.document.push(BlockKind::Paragraph, text, place);
    }

    /// The sheet's name, above the first thing on it.
    fn heading(&mut self) {
        if !std::mem::replace(&mut self.has_heading, true) {
            let heading = Heading {
                level: 1,
                text: self.name.clone(),
                place: self.place(),
            };
            self.book.document.push_heading(heading);
        }
    }

    fn place(&self) -> Place {
        Place {
            sheet: Some(self.name.clone()),
            heading_path: vec![self.name.clone()],
            ..Place::default()
        }
    }

    fn warnings(&mut self) {
        let name = self.name.clone();
        let mut found = Vec::new();
        if self.error_count > 0 {
            let examples = self.errors.join(", ");
            found.push((
                "error_values",
                format!(
                    "{} cells of sheet `{name}` hold errors, kept as text: {examples}",
                    self.error_count
                ),
            ));
        }
        if self.formulas_without_value > 0 {
            found.push(("formula_without_value", format!(
                "{} formulas of sheet `{name}` have no stored result and are left empty; open and save the file in its program",
                self.formulas_without_value
            )));
        }
        if self.merged > 0 {
            found.push(("merged_cells", format!(
                "sheet `{name}` has {} merged areas; each has its value in its first cell, the others are empty",
                self.merged
            )));
        }
        if self.cells_moved > 0 {
            found.push(("cells_moved", format!(
                "{} cells of sheet `{name}` stand left of their table and were joined to its first column",
                self.cells_moved
            )));
        }
        for (code, message) in found {
            let place = self.place();
            self.book.document.warn(code, message, place);
        }
    }
}
