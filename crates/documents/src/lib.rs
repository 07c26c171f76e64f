//! Pure parsers: bytes in, structure out.
//!
//! [`sniff`] decides what some bytes are, [`parse`] turns them into a [`Document`] (outline, blocks in reading order,
//! tables with inferred column types, warnings), and [`chunks`] cuts that document into pieces for search, each of
//! which knows its [`Place`].
//!
//! ```
//! use civitas_documents::{Request, chunks, parse};
//!
//! let request = Request::new("prices.csv");
//! let document = parse(&request, b"item;price\nbolt;1,20\nnut;0,80\n").unwrap();
//! assert_eq!(document.tables[0].columns[1].name, "price");
//! assert_eq!(chunks(&document)[0].place.rows, Some((1, 2)));
//! ```
//!
//! # Invariants
//!
//! - No I/O but the reader that [`parse_stream`] is given, no async, no clock, no randomness: the same bytes give the same document, with the same
//!   [`Document::fingerprint`], on every machine.
//! - No input panics, and none recurses deeper than a stated limit. Deadlines and memory limits come from outside: the
//!   platform runs this crate only in a confined child process.
//! - Nothing is invented and nothing is dropped silently. What could not be read is a [`Warning`] or an [`Error`].
//! - A file within a file is listed with what became of it ([`Part`]). One limit holds for all of them together, and
//!   their names are data, never paths.
//! - A value keeps its original text; its type is inferred beside it.
//!
//! # Adding a format
//!
//! Write one file in `src/formats/` with a `parse` function, and add its line to the list in `src/formats/mod.rs`. A
//! format that holds other files is a `Container` there and hands them to its
//! `Parts`. A format that [`sniff`] does not recognise yet also needs a variant in [`Format`] and a signature in
//! `src/sniff.rs`.

mod archive;
mod chunk;
mod container;
mod document;
mod encoding;
mod error;
mod format;
mod formats;
#[doc(hidden)]
pub mod fuzzing;
mod parsing_type;
mod part;
mod place;
mod request;
mod sniff;
mod source;
mod table;
mod text;

use std::io::{self, Read};

use container::{Budget, Parts};
use formats::Parser;
use source::Input;

pub use chunk::{CHUNKS_MAX, Chunk, chunks};
pub use document::{Block, BlockKind, DOCUMENT_BYTES_MAX, Document, Heading, Warning};
pub use error::Error;
pub use format::Format;
pub use parsing_type::ParsingType;
pub use part::{Part, PartStatus};
pub use place::Place;
pub use request::{Options, Request};
pub use sniff::{Detected, HEAD_BYTES, sniff};
pub use table::{Column, ColumnKind, Table};

/// Read `bytes` as the request asks.
///
/// The format is decided by content first and by the name second. Errors say what is wrong with the bytes and what to
/// do; a document with a few bad places is returned with warnings instead.
pub fn parse(request: &Request, bytes: &[u8]) -> Result<Document, Error> {
    let mut budget = Budget::default();
    let mut document = read(bytes, &mut Parts::new(request, &mut budget))?;
    document.finish();
    Ok(document)
}

/// The most bytes of a file whose format is read as a whole; some formats have tighter limits of their own.
pub const WHOLE_BYTES_MAX: u64 = 512 << 20;

/// Read what `input` gives until it ends: the same document, or the same error, as [`parse`] makes of all its bytes.
///
/// CSV, TSV, JSON Lines and plain text are read piece by piece, and may have any length. Every other format is read as
/// a whole, up to [`WHOLE_BYTES_MAX`]; `size` is how many bytes it will be, where that is known. What nothing reads is
/// refused from its beginning. The outer error is the input's own.
pub fn parse_stream(
    request: &Request,
    input: &mut dyn Read,
    size: Option<u64>,
) -> io::Result<Result<Document, Error>> {
    let mut input = Input::new(input);
    let outcome = read_stream(request, &mut input, size);
    match input.into_failure() {
        Some(failure) => Err(failure),
        None => Ok(outcome),
    }
}

fn read_stream(
    request: &Request,
    input: &mut Input<'_>,
    size: Option<u64>,
) -> Result<Document, Error> {
    let too_large = Err(Error::TooLarge {
        limit: WHOLE_BYTES_MAX,
        what: "bytes",
    });
    let mut head = Vec::new();
    input.fill(&mut head, HEAD_BYTES);
    if head.is_empty() {
        return Err(Error::Empty);
    }
    let detected = sniff(&head, &request.name);
    let is_certain = !sniff::needs_all(&head);
    match formats::parser(detected.format) {
        Some(Parser::Stream(parse)) if is_certain => {
            let mut document = begin(request, detected);
            let mut whole = io::Cursor::new(head).chain(input);
            parse(&mut document, &mut whole, &request.options)?;
            document.finish();
            return Ok(document);
        }
        None if is_certain => {
            let format = detected.format;
            return Err(Error::UnsupportedFormat { format });
        }
        _ => {}
    }
    if size.is_some_and(|size| size > WHOLE_BYTES_MAX) {
        return too_large;
    }
    let more = size
        .unwrap_or_default()
        .saturating_sub(head.len() as u64)
        .saturating_add(1);
    head.reserve_exact(usize::try_from(more).unwrap_or_default());
    let limit = usize::try_from(WHOLE_BYTES_MAX).unwrap_or(usize::MAX);
    input.fill(&mut head, limit.saturating_add(1));
    if head.len() > limit {
        return too_large;
    }
    parse(request, &head)
}

fn begin(request: &Request, detected: Detected) -> Document {
    let parsing_type = ParsingType::choose(request.parsing_type, detected.format, &request.options);
    Document::new(detected, parsing_type)
}

/// Read the bytes of a file, or of a file within it.
fn read(bytes: &[u8], parts: &mut Parts<'_>) -> Result<Document, Error> {
    let request = parts.request;
    if bytes.is_empty() {
        return Err(Error::Empty);
    }
    let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
    let detected = sniff::look_inside(sniff(head, &request.name), bytes, &request.name);
    read_as(detected, bytes, parts)
}

/// Read bytes, which are not empty, as what they were found to be.
fn read_as(detected: Detected, bytes: &[u8], parts: &mut Parts<'_>) -> Result<Document, Error> {
    let format = detected.format;
    let mut document = begin(parts.request, detected);
    let parser = formats::parser(format).ok_or(Error::UnsupportedFormat { format })?;
    parser.read(&mut document, bytes, parts)?;
    Ok(document)
}

#[cfg(test)]
mod tests;
