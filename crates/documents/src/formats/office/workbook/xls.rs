//! XLS, the Excel files of 1987 to 2003 ([MS-XLS]), read by calamine from a workbook stream that was checked before.

use std::collections::HashSet;
use std::io::Cursor;

use calamine::{Reader, SheetType, Xls, XlsError};

use super::compound_file::{CompoundFile, wrap};
use super::sheet::Book;
use super::value::from_owned;
use super::xlsb::{damaged, guard, visibility};
use crate::document::Document;
use crate::error::Error;
use crate::format::Format;
use crate::request::Options;

/// The most cells, empty ones between others counted, of all sheets: the library lays out each sheet in full.
const CELLS_MAX: u64 = 6_000_000;
/// The most records that are looked at. Sheets may overlap in a hostile file.
const RECORDS_MAX: u64 = 20_000_000;

const END: u16 = 0x000a;
const SHEET: u16 = 0x0085;
const BEGINNING: u16 = 0x0809;
const DIMENSIONS: u16 = 0x0200;
/// Records that begin with the row and the column of a cell.
const CELLS: [u16; 10] = [
    0x0006, 0x0203, 0x0204, 0x0205, 0x0207, 0x00bd, 0x00d6, 0x00fd, 0x027e, 0x0201,
];

/// Read an XLS.
pub(in crate::formats) fn parse(
    document: &mut Document,
    bytes: &[u8],
    options: &Options,
) -> Result<(), Error> {
    let file = CompoundFile::open(bytes)?;
    if file.contains("EncryptedPackage") {
        return Err(Error::Encrypted {
            format: Format::Xlsx,
        });
    }
    let mut stream = match file.read("Workbook")? {
        Some(stream) => stream,
        None => file
            .read("Book")?
            .ok_or_else(|| Error::damaged("it has no workbook in it"))?,
    };
    forget_dimensions(&mut stream);
    check(&stream)?;
    let sound = wrap(&stream)?;
    drop(stream);
    guard("its workbook cannot be read", || {
        let mut workbook: Xls<_> =
            Reader::new(Cursor::new(sound)).map_err(|error| match error {
                XlsError::Password => Error::Encrypted {
                    format: Format::Xls,
                },
                error => damaged(&error),
            })?;
        let mut book = Book::new(document, options);
        for entry in workbook.sheets_metadata().to_vec() {
            let visibility = visibility(entry.visible);
            if entry.typ != SheetType::WorkSheet {
                book.other_sheet(&entry.name, "chart or macro sheet", visibility);
                continue;
            }
            let cells = workbook
                .worksheet_range(&entry.name)
                .map_err(|error| damaged(&error))?;
            let merged = workbook
                .merge_cells_by_sheet_name(&entry.name)
                .unwrap_or_default();
            let mut sheet = book.sheet(&entry.name, visibility)?;
            for _ in &merged {
                sheet.merged();
            }
            let (top, left) = cells.start().unwrap_or_default();
            for (row, column, value) in cells.used_cells() {
                let row = top.saturating_add(u32::try_from(row).unwrap_or(u32::MAX));
                let column = left.saturating_add(u32::try_from(column).unwrap_or(u32::MAX));
                sheet.cell(row, column, from_owned(value))?;
            }
            sheet.finish()?;
        }
        book.finish();
        Ok(())
    })
}

/// A record: its type and its bytes.
struct Records<'a>(&'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (head, rest) = self.0.split_at_checked(4)?;
        let length = usize::from(u16::from_le_bytes([head[2], head[3]]));
        let (data, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((u16::from_le_bytes([head[0], head[1]]), data))
    }
}

/// Clear what sheets declare about their size: the library reserves memory for it, and for nothing else is it needed.
fn forget_dimensions(stream: &mut [u8]) {
    let mut found = Vec::new();
    let mut records = Records(stream);
    while let Some((kind, data)) = records.next() {
        if kind == DIMENSIONS {
            let end = stream.len() - records.0.len();
            found.push(end - data.len()..end);
        }
    }
    for range in found {
        if let Some(data) = stream.get_mut(range) {
            data.fill(0);
        }
    }
}

/// Refuse sheets that would take far more memory than they have cells.
fn check(stream: &[u8]) -> Result<(), Error> {
    let mut starts = Vec::new();
    let mut beginnings = HashSet::new();
    let mut records = Records(stream);
    let mut at = 0;
    while let Some((kind, data)) = records.next() {
        match kind {
            SHEET => starts.extend(number(data, 0)),
            BEGINNING => drop(beginnings.insert(at)),
            _ => {}
        }
        at = stream.len() - records.0.len();
    }
    let mut cells = CELLS_MAX;
    let mut left = RECORDS_MAX;
    let too_large = || Error::TooLarge {
        limit: CELLS_MAX,
        what: "cells in the used areas of its sheets",
    };
    for start in starts {
        // Otherwise it could be read in two ways.
        if !beginnings.contains(&(start as usize)) {
            return Err(Error::damaged("a sheet of it begins where none is"));
        }
        let sheet = stream.get(start as usize..).unwrap_or_default();
        let mut corner: Option<Area> = None;
        for (kind, data) in Records(sheet) {
            left = left.checked_sub(1).ok_or_else(too_large)?;
            if kind == END {
                break;
            }
            if let (true, Some(at)) = (CELLS.contains(&kind), number(data, 0)) {
                let (row, mut column) = (at & 0xffff, at >> 16);
                corner.get_or_insert_default().include(row, column);
                if kind == 0x00bd {
                    // A run of cells in one record.
                    column += u32::try_from(data.len() / 6).unwrap_or(0);
                    corner.get_or_insert_default().include(row, column);
                }
            }
        }
        let used = corner.map_or(0, |area| area.size());
        cells = cells.checked_sub(used).ok_or_else(too_large)?;
    }
    Ok(())
}

/// The area that the cells of a sheet span.
struct Area {
    rows: (u32, u32),
    columns: (u32, u32),
}

impl Default for Area {
    fn default() -> Self {
        Self {
            rows: (u32::MAX, 0),
            columns: (u32::MAX, 0),
        }
    }
}

impl Area {
    fn include(&mut self, row: u32, column: u32) {
        self.rows = (self.rows.0.min(row), self.rows.1.max(row));
        self.columns = (self.columns.0.min(column), self.columns.1.max(column));
    }

    fn size(&self) -> u64 {
        let length = |(first, last): (u32, u32)| u64::from(last.saturating_sub(first)) + 1;
        length(self.rows) * length(self.columns)
    }
}

fn number(data: &[u8], at: usize) -> Option<u32> {
    let four = data.get(at..at + 4)?;
    Some(u32::from_le_bytes(four.try_into().ok()?))
}
