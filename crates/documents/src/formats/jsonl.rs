//! JSON Lines: a value a line. A bad line is reported and the good ones are kept.

use std::io::Read;

use serde_json::value::RawValue;

use super::json::{Flattener, check_depth, reason};
use crate::document::{BlockKind, Document};
use crate::error::Error;
use crate::place::Place;
use crate::request::Options;
use crate::source::{Line, Text};
use crate::text::shorten;

/// How much of a bad line is kept as text, in characters.
const BAD_LINE_CHARACTERS_MAX: usize = 10_000;

/// The most bytes of a line.
const LINE_BYTES_MAX: usize = 16 << 20;

/// Read JSON Lines of any number.
pub(super) fn stream(
    document: &mut Document,
    input: &mut dyn Read,
    options: &Options,
) -> Result<(), Error> {
    let mut text = Text::open(input, options)?;
    let read = lines(document, &mut text, options);
    text.report(document);
    read
}

fn lines(document: &mut Document, text: &mut Text<'_>, options: &Options) -> Result<(), Error> {
    let mut rows = Flattener::new(options.rows_max);
    let mut bad = Vec::new();
    let mut bad_count = 0_u64;
    let mut number = 0;
    let mut bytes = Vec::new();
    loop {
        let kept = text.line(&mut bytes, LINE_BYTES_MAX);
        if kept == Line::None {
            break;
        }
        number += 1;
        // The text is valid UTF-8, and so is a line of it.
        let line = std::str::from_utf8(&bytes).unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let pushed = match kept {
            Line::Cut => Err(format!("is longer than {LINE_BYTES_MAX} bytes")),
            _ => push(&mut rows, line),
        };
        if let Err(why) = pushed {
            bad_count += 1;
            if document.lists_warnings() {
                let place = Place::lines(number, number);
                document.warn("bad_line", format!("line {number} {why}"), place.clone());
                bad.push((shorten(line, BAD_LINE_CHARACTERS_MAX), place));
            }
        }
    }
    let count = rows.row_count();
    if count == 0 {
        return Err(Error::damaged("no line of it is valid JSON"));
    }
    let place = Place {
        rows: Some((1, count)),
        ..Place::lines(1, number)
    };
    rows.finish(document, "table", &place);
    for (line, place) in bad {
        document.push(BlockKind::Code, line, place);
    }
    document.record_count = count;
    if bad_count > 0 {
        document
            .metadata
            .insert("bad_lines".to_owned(), bad_count.into());
    }
    Ok(())
}

fn push(rows: &mut Flattener, line: &str) -> Result<(), String> {
    check_depth(line).map_err(|_| "is nested too deeply".to_owned())?;
    let raw: &RawValue = serde_json::from_str(line).map_err(|error| {
        format!(
            "is not valid JSON at column {}: {}",
            error.column(),
            reason(&error)
        )
    })?;
    rows.push(raw).map_err(|error| error.to_string())
}
