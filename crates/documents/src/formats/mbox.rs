//! Mailboxes (RFC 4155, with the quoting of mboxrd): every message a part.

use std::borrow::Cow;

use crate::container::Parts;
use crate::document::Document;
use crate::error::Error;
use crate::place::Place;
use crate::text::check_size;

/// Read a mailbox.
pub(super) fn parse(
    document: &mut Document,
    bytes: &[u8],
    parts: &mut Parts<'_>,
) -> Result<(), Error> {
    check_size(bytes)?;
    let mut starts = Vec::new();
    let mut at = 0;
    let mut after_blank = true;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let line = rest.get(..end).unwrap_or_default();
        let next = rest.get(end..).unwrap_or_default();
        if after_blank && is_separator(line) && opens_header(next) {
            starts.push((at, at + end));
        }
        after_blank = line.iter().all(u8::is_ascii_whitespace);
        at += end;
    }
    let Some((first, _)) = starts.first().copied() else {
        return Err(Error::damaged("no message begins in it"));
    };
    if bytes
        .iter()
        .take(first)
        .any(|byte| !byte.is_ascii_whitespace())
    {
        let message = format!("the first {first} bytes belong to no message and were left out");
        document.warn("outside_messages", message, Place::default());
    }
    document
        .metadata
        .insert("messages".to_owned(), starts.len().into());
    for (index, (_, start)) in starts.iter().enumerate() {
        let end = starts.get(index + 1).map_or(bytes.len(), |(next, _)| *next);
        let raw = bytes.get(*start..end).unwrap_or_default();
        // The blank line before the next separator is not the message's own.
        let raw = raw.strip_suffix(b"\n").unwrap_or(raw);
        parts.read_bytes(document, &format!("message {}", index + 1), &unquoted(raw));
    }
    document.record_count = starts.len() as u64;
    Ok(())
}

/// `From `, an address, and a date that names a time of day or a year.
fn is_separator(line: &[u8]) -> bool {
    line.strip_prefix(b"From ").is_some_and(|rest| {
        let digits = rest.iter().filter(|byte| byte.is_ascii_digit()).count();
        rest.contains(&b':') && digits >= 4
    })
}

/// Whether a header field begins here: in a text that was not quoted, a line may begin with `From ` too.
fn opens_header(rest: &[u8]) -> bool {
    let name = rest
        .iter()
        .take_while(|byte| byte.is_ascii_graphic() && **byte != b':');
    let length = name.count();
    (1..=70).contains(&length) && rest.get(length) == Some(&b':')
}

/// Take one mark off every line that is `From ` behind nothing but marks (mboxrd).
fn unquoted(message: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memmem::find(message, b">From ").is_none() {
        return Cow::Borrowed(message);
    }
    let mut plain = Vec::with_capacity(message.len());
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        let marks = line.iter().take_while(|byte| **byte == b'>').count();
        let is_quoted = marks > 0
            && line
                .get(marks..)
                .is_some_and(|rest| rest.starts_with(b"From "));
        plain.extend_from_slice(line.get(usize::from(is_quoted)..).unwrap_or_default());
    }
    Cow::Owned(plain)
}
