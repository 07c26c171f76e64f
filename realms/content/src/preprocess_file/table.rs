//! Cleaning a delimited text: cells, rows, columns and their names.

use std::collections::BTreeSet;

use civitas_documents::Document;
use civitas_intent::prelude::*;
use csv::{ReaderBuilder, Terminator, WriterBuilder};

use super::cleaning::Changes;
use super::{LineEnds, PreprocessingOptions};

/// The most columns of a table that is cleaned.
const COLUMNS_MAX: usize = 16_384;
/// The most cells, those that short rows are filled up with included.
const CELLS_MAX: usize = 10_000_000;

/// The table in shape. A text that is in shape already is answered as it is, quote by quote.
pub(super) fn clean(
    document: &Document,
    text: &str,
    options: &PreprocessingOptions,
    changes: &mut Changes,
) -> Result<String> {
    let said = document.metadata.get("delimiter").and_then(Value::as_str);
    let delimiter = said.and_then(|said| said.bytes().next()).unwrap_or(b',');
    let found = document.metadata.get("has_header").and_then(Value::as_bool);
    let has_header = options.has_header.or(found).unwrap_or_default();
    let mut rows = read(text, delimiter)?;
    let mut found = Changes::default();
    trim(&mut rows, &mut found);
    drop_blank_rows(&mut rows, &mut found);
    fill_up(&mut rows, &mut found)?;
    drop_blank_columns(&mut rows, &mut found);
    if has_header && let Some((_, names)) = rows.first_mut() {
        name_columns(names, &mut found);
    }
    if found.is_empty() {
        return Ok(text.to_owned());
    }
    changes.append(found);
    write(&rows, delimiter, options.line_ends)
}

/// A row with its number in the file, from 1.
type Row = (u64, Vec<String>);

fn read(text: &str, delimiter: u8) -> Result<Vec<Row>> {
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    let mut cells = 0;
    for (number, record) in reader.records().enumerate() {
        let record =
            record.map_err(|error| reject(format!("the table cannot be read: {error}")))?;
        cells += record.len();
        if record.len() > COLUMNS_MAX || cells > CELLS_MAX {
            return Err(too_many());
        }
        let row = record.iter().map(str::to_owned).collect();
        rows.push((number as u64 + 1, row));
    }
    Ok(rows)
}

fn too_many() -> Error {
    reject(format!(
        "the table has more than {COLUMNS_MAX} columns or {CELLS_MAX} cells: split it, or turn preprocessing_options.tables off"
    ))
}

fn trim(rows: &mut [Row], changes: &mut Changes) {
    let (mut count, mut first) = (0, None);
    for (number, row) in rows {
        for cell in row {
            let trimmed = cell.trim();
            if trimmed.len() < cell.len() {
                *cell = trimmed.to_owned();
                count += 1;
                first.get_or_insert(*number);
            }
        }
    }
    changes.note(
        "trimmed_cells",
        "white space around cells was taken away",
        count,
        first,
    );
}

fn drop_blank_rows(rows: &mut Vec<Row>, changes: &mut Changes) {
    let (mut count, mut first) = (0, None);
    rows.retain(|(number, row)| {
        let is_blank = row.iter().all(String::is_empty);
        if is_blank {
            count += 1;
            first.get_or_insert(*number);
        }
        !is_blank
    });
    changes.note(
        "blank_rows",
        "rows without any value were dropped",
        count,
        first,
    );
}

fn fill_up(rows: &mut [Row], changes: &mut Changes) -> Result<()> {
    let width = rows.iter().map(|(_, row)| row.len()).max().unwrap_or(0);
    if width.saturating_mul(rows.len()) > CELLS_MAX {
        return Err(too_many());
    }
    let (mut count, mut first) = (0, None);
    for (number, row) in rows {
        if row.len() < width {
            row.resize(width, String::new());
            count += 1;
            first.get_or_insert(*number);
        }
    }
    let message =
        format!("rows that were shorter than {width} cells were filled up with empty ones");
    changes.note("short_rows", message, count, first);
    Ok(())
}

fn drop_blank_columns(rows: &mut [Row], changes: &mut Changes) {
    let width = rows.first().map_or(0, |(_, row)| row.len());
    let mut used = vec![false; width];
    for (_, row) in rows.iter() {
        for (used, cell) in used.iter_mut().zip(row) {
            *used |= !cell.is_empty();
        }
    }
    let count = used.iter().filter(|used| !**used).count() as u64;
    if count == 0 {
        return;
    }
    for (_, row) in rows {
        let mut used = used.iter();
        row.retain(|_| used.next().copied().unwrap_or(true));
    }
    changes.note(
        "blank_columns",
        "columns without any value or name were dropped",
        count,
        None,
    );
}

/// Gives columns without a name one, and those with the same name names that differ.
fn name_columns(names: &mut [String], changes: &mut Changes) {
    let mut taken: BTreeSet<String> = names.iter().cloned().collect();
    let mut seen = BTreeSet::new();
    let (mut unnamed, mut repeated) = (0, 0);
    for (index, name) in names.iter_mut().enumerate() {
        let is_unnamed = name.is_empty();
        if !is_unnamed && seen.insert(name.clone()) {
            continue;
        }
        let stem = if is_unnamed {
            format!("column_{}", index + 1)
        } else {
            name.clone()
        };
        let mut made = if is_unnamed {
            stem.clone()
        } else {
            format!("{stem}_2")
        };
        let mut number = 2;
        while taken.contains(&made) {
            number += 1;
            made = format!("{stem}_{number}");
        }
        taken.insert(made.clone());
        seen.insert(made.clone());
        *name = made;
        if is_unnamed {
            unnamed += 1;
        } else {
            repeated += 1;
        }
    }
    changes.note(
        "unnamed_columns",
        "columns without a name were named by their number",
        unnamed,
        Some(1),
    );
    changes.note(
        "repeated_columns",
        "names that stood above two columns were numbered",
        repeated,
        Some(1),
    );
}

fn write(rows: &[Row], delimiter: u8, line_ends: LineEnds) -> Result<String> {
    let terminator = match line_ends {
        LineEnds::Crlf => Terminator::CRLF,
        LineEnds::Lf | LineEnds::Keep => Terminator::Any(b'\n'),
    };
    let mut writer = WriterBuilder::new()
        .delimiter(delimiter)
        .terminator(terminator)
        .from_writer(Vec::new());
    for (_, row) in rows {
        writer
            .write_record(row)
            .map_err(|error| retry(format!("the table cannot be written: {error}")))?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| retry(format!("the table cannot be written: {error}")))?;
    String::from_utf8(bytes).map_err(|error| retry(format!("the table cannot be written: {error}")))
}
