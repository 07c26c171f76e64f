//! CSV and TSV: RFC 4180 and what people write instead of it.

use std::io::{self, Read};

use csv::{ByteRecord, ReaderBuilder};
use serde_json::json;

use crate::document::Document;
use crate::error::Error;
use crate::place::Place;
use crate::request::Options;
use crate::sniff::{Dialect, HEAD_BYTES, dialect};
use crate::source::Text;
use crate::table::{Builder, is_header};

/// The most columns of a table; beyond it a file is an attack or a transposed matrix.
const COLUMNS_MAX: usize = 16_384;

/// The most delimiters without a line end. Far above the columns: a long quoted cell may hold some.
const DELIMITERS_MAX: usize = 2_000_000;

/// The most bytes of a row: where a quote is never closed, all that follows is one cell.
const ROW_BYTES_MAX: usize = 16 << 20;

/// Read a delimited text of any length, row by row.
pub(super) fn stream(
    document: &mut Document,
    input: &mut dyn Read,
    options: &Options,
) -> Result<(), Error> {
    let mut text = Text::open(input, options)?;
    let read = rows(document, &mut text, options);
    text.report(document);
    read
}

fn rows(document: &mut Document, text: &mut Text<'_>, options: &Options) -> Result<(), Error> {
    let mut head = Vec::new();
    // A text does not fail. One more byte tells whether there is more.
    let _ = text
        .by_ref()
        .take(HEAD_BYTES as u64 + 1)
        .read_to_end(&mut head);
    let is_whole = head.len() <= HEAD_BYTES;
    let found = dialect(head.get(..HEAD_BYTES).unwrap_or(&head), is_whole);
    let delimiter = delimiter(found, options)?;
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(1 << 18)
        .from_reader(Guard {
            rest: io::Cursor::new(head).chain(text),
            delimiter,
            run: 0,
            row_bytes: 0,
            excess: None,
        });
    let mut first = ByteRecord::new();
    let mut second = ByteRecord::new();
    let has_first = read(&mut reader, &mut first)?;
    let has_second = read(&mut reader, &mut second)?;
    let has_header = options
        .has_header
        .unwrap_or_else(|| is_header(&cells(&first), &cells(&second)));
    let headers = if has_header {
        first.iter().map(to_name).collect()
    } else {
        Vec::new()
    };
    let mut rows = Rows {
        expected: first.len(),
        table: Builder::new(headers, options.rows_max),
        ragged: 0,
    };
    if has_first && !has_header {
        rows.push(document, &first);
    }
    if has_second {
        rows.push(document, &second);
    }
    // The buffers are reused: a row costs an allocation only if it is kept.
    while read(&mut reader, &mut second)? {
        rows.push(document, &second);
    }
    let Rows { table, ragged, .. } = rows;
    let lines = reader.position().line().saturating_sub(1).max(1);
    let count = table.row_count();
    let place = Place {
        rows: (count > 0).then_some((1, count)),
        ..Place::lines(1, lines)
    };
    document.push_table(table.finish("table", place));
    document.record_count = count;
    document
        .metadata
        .insert("delimiter".to_owned(), json!(char::from(delimiter)));
    document
        .metadata
        .insert("has_header".to_owned(), json!(has_header));
    if ragged > 0 {
        document
            .metadata
            .insert("ragged_rows".to_owned(), json!(ragged));
    }
    Ok(())
}

fn delimiter(found: Option<Dialect>, options: &Options) -> Result<u8, Error> {
    let Some(wish) = options.delimiter else {
        return Ok(found.map_or(b',', |dialect| dialect.delimiter));
    };
    u8::try_from(wish)
        .ok()
        .filter(|byte| byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n'))
        .ok_or_else(|| Error::Option {
            option: "delimiter",
            why: format!(
                "`{}` is not an ASCII character that can part cells",
                wish.escape_default()
            ),
        })
}

fn read<R: Read>(
    reader: &mut csv::Reader<Guard<R>>,
    record: &mut ByteRecord,
) -> Result<bool, Error> {
    let outcome = reader.read_byte_record(record);
    reader.get_mut().row_bytes = 0;
    // A text does not fail: reading one ends early for one reason alone, which is the guard's.
    match (reader.get_ref().excess, outcome) {
        (None, Ok(more)) if record.len() <= COLUMNS_MAX => Ok(more),
        (Some(Excess::Bytes), _) => Err(Error::TooLarge {
            limit: ROW_BYTES_MAX as u64,
            what: "bytes in a row, as where a quote is not closed",
        }),
        _ => Err(Error::TooLarge {
            limit: COLUMNS_MAX as u64,
            what: "columns in a row",
        }),
    }
}

/// Stops reading a row that is far too long before the reader has gathered all of it.
struct Guard<R> {
    rest: R,
    delimiter: u8,
    /// Delimiters in the pieces before without a line end between them.
    run: usize,
    /// Bytes since the last row began, to about a piece.
    row_bytes: usize,
    excess: Option<Excess>,
}

#[derive(Debug, Clone, Copy)]
enum Excess {
    Columns,
    Bytes,
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.rest.read(buffer)?;
        let piece = buffer.get(..count).unwrap_or_default();
        self.run = match memchr::memchr2(b'\n', b'\r', piece) {
            Some(_) => 0,
            None => self.run + memchr::memchr_iter(self.delimiter, piece).count(),
        };
        self.row_bytes += count;
        if self.run > DELIMITERS_MAX {
            self.excess = Some(Excess::Columns);
        } else if self.row_bytes > ROW_BYTES_MAX {
            self.excess = Some(Excess::Bytes);
        }
        match self.excess {
            None => Ok(count),
            Some(_) => Err(io::ErrorKind::FileTooLarge.into()),
        }
    }
}

struct Rows {
    expected: usize,
    table: Builder,
    ragged: u64,
}

impl Rows {
    fn push(&mut self, document: &mut Document, record: &ByteRecord) {
        // The text was decoded, and records are cut at ASCII bytes: cells are valid UTF-8.
        self.table.push(
            record
                .iter()
                .map(|cell| std::str::from_utf8(cell).unwrap_or_default()),
        );
        if record.len() == self.expected {
            return;
        }
        self.ragged += 1;
        if document.lists_warnings() {
            let row = self.table.row_count();
            let line = record.position().map_or(0, csv::Position::line);
            let message = format!(
                "row {row} has {} cells, the first record has {}",
                record.len(),
                self.expected
            );
            let place = Place {
                rows: Some((row, row)),
                ..Place::lines(line, line)
            };
            document.warn("ragged_row", message, place);
        }
    }
}

fn cells(record: &ByteRecord) -> Vec<&[u8]> {
    record.iter().collect()
}

fn to_name(cell: &[u8]) -> String {
    String::from_utf8_lossy(cell).trim().to_owned()
}
