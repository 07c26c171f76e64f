//! Lines and control characters.

use std::borrow::Cow;

use crate::document::Document;
use crate::error::Error;
use crate::place::Place;

/// The most bytes of a text that is held in memory as a whole.
pub(crate) const TEXT_BYTES_MAX: usize = 256 << 20;

/// Refuse a text that is too long to be held as a whole.
pub(crate) fn check_size(bytes: &[u8]) -> Result<(), Error> {
    if bytes.len() > TEXT_BYTES_MAX {
        return Err(Error::TooLarge {
            limit: TEXT_BYTES_MAX as u64,
            what: "bytes",
        });
    }
    Ok(())
}

/// End every line with a line feed and drop control characters, keeping the number of lines.
pub(crate) fn clean<'a>(document: &mut Document, text: Cow<'a, str>) -> Cow<'a, str> {
    let is_odd = |byte: u8| (byte < 0x20 && byte != b'\n' && byte != b'\t') || byte == 0x7f;
    if !text.bytes().any(is_odd) {
        return text;
    }
    let mut cleaned = String::with_capacity(text.len());
    let mut dropped = 0_u64;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' => {
                characters.next_if_eq(&'\n');
                cleaned.push('\n');
            }
            '\n' | '\t' => cleaned.push(character),
            // A page break or vertical tab parts words, but is no line end in any editor.
            '\u{b}' | '\u{c}' => cleaned.push(' '),
            '\0'..='\u{1f}' | '\u{7f}' => dropped += 1,
            _ => cleaned.push(character),
        }
    }
    if dropped > 0 {
        document.warn(
            "control_characters",
            format!("{dropped} control characters were left out"),
            Place::default(),
        );
    }
    Cow::Owned(cleaned)
}

/// Turns rising byte offsets into line numbers in one pass over the text.
pub(crate) struct LineCounter<'a> {
    bytes: &'a [u8],
    offset: usize,
    line: u64,
}

impl<'a> LineCounter<'a> {
    /// Count the lines of this text.
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            bytes: text.as_bytes(),
            offset: 0,
            line: 1,
        }
    }

    /// The line, from 1, that holds the byte at `offset`. Offsets that go back give the line of the furthest one.
    pub(crate) fn line_at(&mut self, offset: usize) -> u64 {
        if let Some(passed) = self.bytes.get(self.offset..offset.min(self.bytes.len())) {
            self.line += memchr::memchr_iter(b'\n', passed).count() as u64;
            self.offset += passed.len();
        }
        self.line
    }
}

/// The start of a text, at most `limit` characters long.
pub(crate) fn shorten(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default().trim_end()),
        None => text.to_owned(),
    }
}
