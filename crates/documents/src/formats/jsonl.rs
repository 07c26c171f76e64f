//! JSON Lines: a value a line. A bad line is reported and the good ones are kept.

use serde_json::value::RawValue;

use super::json::{Flattener, check_depth, reason};
use crate::document::{BlockKind, Document};
use crate::encoding::decode;
use crate::error::Error;
use crate::place::Place;
use crate::request::Options;
use crate::text::shorten;

/// How much of a bad line is kept as text, in characters.
const BAD_LINE_CHARACTERS_MAX: usize = 10_000;

/// Read JSON Lines.
pub(super) fn parse(document: &mut Document, bytes: &[u8], options: &Options) -> Result<(), Error> {
    let text = decode(document, bytes, options, None)?;
    let mut rows = Flattener::new(options.rows_max);
    let mut bad = Vec::new();
    let mut bad_count = 0_u64;
    let mut number = 0;
    for line in text.lines() {
        number += 1;
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        if let Err(why) = push(&mut rows, line) {
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
