//! What some bytes are: content decides, the name breaks ties.

mod container;
mod dialect;
mod magic;
mod markup;
mod prose;
mod zip_names;

use std::borrow::Cow;

use encoding_rs::WINDOWS_1252;
use serde::de::IgnoredAny;

use crate::encoding;
use crate::format::Format;
pub(crate) use container::{look_inside, needs_all};
pub(crate) use dialect::{Dialect, dialect};

/// How much of a file's beginning [`sniff`] makes use of.
pub const HEAD_BYTES: usize = 64 << 10;

/// What some bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detected {
    /// The format.
    pub format: Format,
    /// The media type.
    pub mime_type: &'static str,
    /// The short name of the format, such as `pdf`; `bin` for bytes nobody knows.
    pub file_type: &'static str,
}

impl From<Format> for Detected {
    fn from(format: Format) -> Self {
        Self {
            format,
            mime_type: format.mime_type(),
            file_type: format.file_type(),
        }
    }
}

/// Tell what a file is from its first bytes (up to [`HEAD_BYTES`]) and its name.
///
/// The content decides: a PDF named `a.txt` is a PDF, and text named `a.pdf` is text. The name only chooses among
/// formats that the content allows, such as CSV, Markdown and plain text.
pub fn sniff(head: &[u8], name: &str) -> Detected {
    let is_whole = head.len() < HEAD_BYTES;
    let head = head.get(..HEAD_BYTES).unwrap_or(head);
    if let Some(format) = magic::recognise(head) {
        return format.into();
    }
    let extension = extension(name);
    let Some(text) = as_text(head) else {
        return Format::Binary.into();
    };
    let is_calendar = text
        .trim_start()
        .get(..15)
        .is_some_and(|start| start.eq_ignore_ascii_case("BEGIN:VCALENDAR"));
    if is_calendar {
        return Format::Calendar.into();
    }
    markup::recognise(&text, &extension)
        .or_else(|| json(&text, &extension, is_whole))
        .unwrap_or_else(|| prose::recognise(&text, &extension, is_whole))
        .into()
}

/// The part of the name after its last dot, in lower case.
fn extension(name: &str) -> String {
    name.rsplit_once('.')
        .map(|(_, extension)| extension.to_ascii_lowercase())
        .unwrap_or_default()
}

/// The head as text, if it can be one.
fn as_text(head: &[u8]) -> Option<Cow<'_, str>> {
    let encoding = encoding::detect(head, Some(WINDOWS_1252));
    let is_wide = !encoding.is_ascii_compatible();
    if !is_wide {
        let controls = head
            .iter()
            .filter(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31))
            .count();
        let zeros = memchr::memchr_iter(0, head).count();
        // A stray control character is dirt, many are a binary format.
        if zeros > head.len() / 1000 || controls > head.len() / 20 {
            return None;
        }
    }
    let valid_up_to = std::str::from_utf8(head)
        .err()
        .map(|error| error.valid_up_to());
    let text = match valid_up_to {
        // The head may end within a character.
        Some(end) if head.len() - end < 4 && !is_wide => {
            String::from_utf8_lossy(head.get(..end).unwrap_or_default())
        }
        _ => encoding.decode(head).0,
    };
    Some(match text.strip_prefix('\u{feff}') {
        Some(rest) => Cow::Owned(rest.to_owned()),
        None => text,
    })
}

/// JSON and JSON Lines.
fn json(text: &str, extension: &str, is_whole: bool) -> Option<Format> {
    let start = text.trim_start();
    if !start.starts_with(['{', '[']) {
        return None;
    }
    let named_lines = matches!(extension, "jsonl" | "ndjson");
    let mut values = serde_json::Deserializer::from_str(start).into_iter::<IgnoredAny>();
    match values.next() {
        Some(Ok(_)) => {
            let rest = start.get(values.byte_offset()..).unwrap_or_default();
            let next = rest.trim_start();
            if next.is_empty() {
                return Some(if named_lines {
                    Format::Jsonl
                } else {
                    Format::Json
                });
            }
            let breaks = rest.len() > next.len() && rest.starts_with(['\n', '\r']);
            if breaks && mostly_json_lines(start) {
                return Some(Format::Jsonl);
            }
            (extension == "json").then_some(Format::Json)
        }
        Some(Err(error)) => {
            if mostly_json_lines(start) {
                return Some(Format::Jsonl);
            }
            let is_cut = error.is_eof() && !is_whole;
            match extension {
                "jsonl" | "ndjson" => Some(Format::Jsonl),
                "json" => Some(Format::Json),
                // An object opens with a name; `[TODO]` and `{{template}}` do not look like this.
                _ => {
                    let second = start.get(1..).unwrap_or_default().trim_start();
                    let opens_well = start.starts_with('{') && second.starts_with('"');
                    (is_cut || opens_well).then_some(Format::Json)
                }
            }
        }
        None => None,
    }
}

/// Whether at least half of the first lines are a JSON object or array each, and at least two are.
fn mostly_json_lines(text: &str) -> bool {
    let (mut good, mut all) = (0, 0);
    for line in text.lines().filter(|line| !line.trim().is_empty()).take(50) {
        all += 1;
        let opens = line.trim_start().starts_with(['{', '[']);
        good += usize::from(opens && serde_json::from_str::<IgnoredAny>(line).is_ok());
    }
    good >= 2 && good * 2 >= all
}

#[cfg(test)]
mod tests;
