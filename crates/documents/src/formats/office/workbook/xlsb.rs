//! XLSB, the binary form of XLSX ([MS-XLSB]), read by calamine.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{Reader, SheetType, SheetVisible, Xlsb};

use super::super::package::properties;
use super::sheet::{Book, Visibility};
use super::value::from_data;
use crate::archive::Archive;
use crate::document::Document;
use crate::error::Error;
use crate::format::Format;
use crate::request::Options;
use crate::text::shorten;

/// Read an XLSB.
pub(in crate::formats) fn parse(
    document: &mut Document,
    bytes: &[u8],
    options: &Options,
) -> Result<(), Error> {
    let mut archive = Archive::open(bytes, Format::Xlsb)?;
    document.title = properties(document, &mut archive, "docProps/core.xml")?;
    // The library inflates without a limit, and reads no other parts than these.
    archive.check(|name| {
        let extension = name.rsplit('.').next().unwrap_or_default();
        matches!(extension, "bin" | "rels" | "xml")
    })?;
    guard("its workbook cannot be read", || {
        let mut workbook: Xlsb<_> =
            Reader::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
        let mut book = Book::new(document, options);
        for entry in workbook.sheets_metadata().to_vec() {
            let visibility = visibility(entry.visible);
            if entry.typ != SheetType::WorkSheet {
                book.other_sheet(&entry.name, "chart or macro sheet", visibility);
                continue;
            }
            let mut sheet = book.sheet(&entry.name, visibility)?;
            let mut cells = workbook
                .worksheet_cells_reader(&entry.name)
                .map_err(|error| damaged(&error))?;
            while let Some(cell) = cells.next_cell().map_err(|error| damaged(&error))? {
                let (row, column) = cell.get_position();
                sheet.cell(row, column, from_data(cell.get_value()))?;
            }
            sheet.finish()?;
        }
        book.finish();
        Ok(())
    })
}

/// Run calls into the library: a panic in it is a damaged file. What it has built is dropped.
pub(super) fn guard<T>(what: &str, call: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err(Error::damaged(what)))
}

/// An error of the library as one of ours.
pub(super) fn damaged(error: &impl std::fmt::Display) -> Error {
    Error::damaged(format!(
        "its workbook cannot be read: {}",
        shorten(&error.to_string(), 200)
    ))
}

/// Whether a sheet is shown.
pub(super) const fn visibility(visible: SheetVisible) -> Visibility {
    match visible {
        SheetVisible::Visible => Visibility::Visible,
        SheetVisible::Hidden => Visibility::Hidden,
        SheetVisible::VeryHidden => Visibility::VeryHidden,
    }
}
