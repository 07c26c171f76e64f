//! E-mail (RFC 5322, MIME): who wrote what to whom, the text, and the attachments as parts.

mod body;
mod headers;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};

use crate::container::{Entry, Parts};
use crate::document::{BlockKind, Document, Heading};
use crate::encoding;
use crate::error::Error;
use crate::format::Format;
use crate::place::Place;
use crate::text::check_size;

/// The most messages within a message: the library builds all of them at once, one within the other.
const NESTED_MAX: usize = 500;

/// Read an e-mail.
pub(super) fn parse(
    document: &mut Document,
    bytes: &[u8],
    parts: &mut Parts<'_>,
) -> Result<(), Error> {
    check_size(bytes)?;
    check_nesting(bytes)?;
    let bytes = &*with_readable_header(bytes);
    let message = catch_unwind(AssertUnwindSafe(|| MessageParser::default().parse(bytes)));
    let Ok(Some(message)) = message else {
        return Err(Error::damaged("it has no header of an e-mail"));
    };
    if message.parts.is_empty() {
        return Err(Error::damaged("it has no header of an e-mail"));
    }
    let is_alone = parts.depth == 0;
    headers::read(document, &message);
    let place = place(document, is_alone);
    if let (true, Some(subject)) = (is_alone, document.title.clone()) {
        document.push_heading(Heading {
            level: 1,
            text: subject,
            place: place.clone(),
        });
    }
    let record = headers::record(document);
    document.push(BlockKind::Record, record, place.clone());
    let text = body::read(document, &message, bytes, &parts.request.options, &place)?;
    attachments(document, &message, bytes, parts, &text);
    Ok(())
}

/// Everything of a message stands below its subject; within another file the part's own heading says it.
fn place(document: &Document, is_alone: bool) -> Place {
    let subject = document.title.clone().filter(|_| is_alone);
    Place {
        heading_path: subject.into_iter().collect(),
        ..Place::default()
    }
}

/// The message with its header in UTF-8: bytes beyond ASCII are not allowed there, and yet they come, in any code page.
fn with_readable_header(bytes: &[u8]) -> Cow<'_, [u8]> {
    let ends = [&b"\r\n\r\n"[..], b"\n\n"].map(|end| memchr::memmem::find(bytes, end));
    let end = ends.into_iter().flatten().min().unwrap_or(bytes.len());
    let (header, rest) = bytes.split_at(end);
    if std::str::from_utf8(header).is_ok() {
        return Cow::Borrowed(bytes);
    }
    let (text, _) = encoding::detect(header, None).decode_without_bom_handling(header);
    Cow::Owned([text.as_bytes(), rest].concat())
}

/// Refuse messages nested so deep that dropping them would exhaust the stack.
fn check_nesting(bytes: &[u8]) -> Result<(), Error> {
    let marks = memchr::memchr2_iter(b'm', b'M', bytes);
    let nested = marks.filter(|at| {
        let word = bytes.get(*at..*at + 8);
        word.is_some_and(|word| word.eq_ignore_ascii_case(b"message/"))
    });
    if nested.take(NESTED_MAX + 1).count() > NESTED_MAX {
        return Err(Error::TooLarge {
            limit: NESTED_MAX as u64,
            what: "messages within each other",
        });
    }
    Ok(())
}

/// Hand on everything that is not shown as the text.
fn attachments(
    document: &mut Document,
    message: &Message<'_>,
    bytes: &[u8],
    parts: &mut Parts<'_>,
    shown: &[u32],
) {
    let mut unnamed = 0;
    for (index, part) in message.parts.iter().enumerate() {
        let id = u32::try_from(index).unwrap_or(u32::MAX);
        if shown.contains(&id) || !is_attached(message, id, part) {
            continue;
        }
        let name = match part.attachment_name() {
            Some(name) => name.to_owned(),
            None => {
                unnamed += 1;
                nameless(part, unnamed)
            }
        };
        let content: Cow<'_, [u8]> = match &part.body {
            // The library gives a message that is not encoded the bytes of all of the outer one.
            PartType::Message(_) if part.encoding == mail_parser::Encoding::None => {
                let (start, end) = (part.offset_body as usize, part.offset_end as usize);
                Cow::Borrowed(bytes.get(start..end).unwrap_or_default())
            }
            PartType::Text(text) if text.contains('\u{fffd}') => {
                body::undecoded(part, bytes).unwrap_or(Cow::Borrowed(part.contents()))
            }
            _ => Cow::Borrowed(part.contents()),
        };
        if is_encrypted(part) {
            let size = Some(content.len() as u64);
            let entry = Entry {
                declared: size,
                ..Entry::named(name)
            };
            parts.skip(document, &entry, "it is encrypted");
        } else if part.is_encoding_problem {
            let message = format!("`{}` does not decode as it should", name.escape_debug());
            document.warn("damaged_part", message, Place::default());
            parts.read_bytes(document, &name, &content);
        } else {
            parts.read_bytes(document, &name, &content);
        }
    }
}

fn is_attached(message: &Message<'_>, id: u32, part: &MessagePart<'_>) -> bool {
    match part.body {
        PartType::Multipart(_) => false,
        // The other form of a text that is shown.
        PartType::Html(_) | PartType::Text(_) => {
            message.attachments.contains(&id)
                || !(message.html_body.contains(&id) || message.text_body.contains(&id))
        }
        _ => true,
    }
}

/// PGP (RFC 3156) and S/MIME (RFC 8551).
fn is_encrypted(part: &MessagePart<'_>) -> bool {
    let Some(kind) = part.content_type() else {
        return false;
    };
    let subtype = kind.subtype().unwrap_or_default();
    let is_sealed = kind
        .attribute("smime-type")
        .is_none_or(|kind| kind.contains("envelop"));
    subtype.eq_ignore_ascii_case("pgp-encrypted")
        || (subtype.to_ascii_lowercase().ends_with("pkcs7-mime") && is_sealed)
        || part.contents().starts_with(b"-----BEGIN PGP MESSAGE-----")
}

/// A name for an attachment that has none, from what it is.
fn nameless(part: &MessagePart<'_>, number: u32) -> String {
    if matches!(part.body, PartType::Message(_)) {
        return format!("attached message {number}");
    }
    let kind = part.content_type();
    let subtype = kind.and_then(|kind| kind.subtype()).unwrap_or("data");
    let extension = match part.body {
        PartType::Html(_) => Format::Html.file_type(),
        PartType::Text(_) if subtype == "calendar" => Format::Calendar.file_type(),
        PartType::Text(_) if subtype == "plain" => Format::Text.file_type(),
        _ => subtype,
    };
    format!("attachment {number}.{extension}")
}

#[cfg(test)]
mod tests;
