//! The text of a message: paragraphs, and what is quoted from earlier ones.

use std::borrow::Cow;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Encoding, Message, MessagePart, MimeHeaders, PartType};

use crate::document::{BlockKind, Document};
use crate::encoding;
use crate::error::Error;
use crate::format::Format;
use crate::formats::html;
use crate::parsing_type::ParsingType;
use crate::place::Place;
use crate::request::Options;
use crate::text::clean;

/// A plain text this many times shorter than the HTML beside it is no more than a note to open the HTML.
const STUB_RATIO: usize = 5;

/// Read the text, the plain one preferred; answers the parts that were shown.
pub(super) fn read(
    document: &mut Document,
    message: &Message<'_>,
    bytes: &[u8],
    options: &Options,
    place: &Place,
) -> Result<Vec<u32>, Error> {
    let plain = Texts::of(message, &message.text_body);
    let rich = Texts::of(message, &message.html_body);
    let all = message.text_body.iter().chain(&message.html_body).copied();
    let shown = all.filter(|id| is_text(message, *id)).collect();
    let chosen =
        if plain.holds_html || !rich.holds_html || plain.words() * STUB_RATIO >= rich.words() {
            plain
        } else {
            rich
        };
    for (part, text) in chosen.texts {
        let text = decoded(document, part, text, bytes);
        if matches!(part.body, PartType::Html(_)) {
            rich_text(document, &text, options, place)?;
        } else {
            let text = clean(document, text);
            paragraphs(document, &text, place);
        }
    }
    Ok(shown)
}

/// The texts that make up one form of a message, in order.
struct Texts<'a> {
    texts: Vec<(&'a MessagePart<'a>, &'a str)>,
    holds_html: bool,
}

impl<'a> Texts<'a> {
    fn of(message: &'a Message<'a>, ids: &[u32]) -> Self {
        let mut texts = Vec::new();
        let mut holds_html = false;
        for part in ids.iter().filter_map(|id| message.part(*id)) {
            match &part.body {
                PartType::Html(text) => {
                    holds_html = true;
                    texts.push((part, &**text));
                }
                PartType::Text(text) => texts.push((part, &**text)),
                _ => {}
            }
        }
        Self { texts, holds_html }
    }

    fn words(&self) -> usize {
        // Good enough to tell a stub: the words between tags.
        let mut count = 0;
        for (part, text) in &self.texts {
            let is_html = matches!(part.body, PartType::Html(_));
            let mut rest = *text;
            while is_html && let Some((before, after)) = rest.split_once('<') {
                count += before.split_whitespace().count();
                rest = after.split_once('>').map_or("", |(_, after)| after);
            }
            count += rest.split_whitespace().count();
        }
        count
    }
}

fn is_text(message: &Message<'_>, id: u32) -> bool {
    message
        .part(id)
        .is_some_and(|part| matches!(part.body, PartType::Html(_) | PartType::Text(_)))
}

/// The text of a part; one that does not say its character set and is not UTF-8 is looked at again.
fn decoded<'a>(
    document: &mut Document,
    part: &'a MessagePart<'a>,
    text: &'a str,
    bytes: &'a [u8],
) -> Cow<'a, str> {
    if !text.contains('\u{fffd}') {
        return Cow::Borrowed(text);
    }
    match undecoded(part, bytes) {
        Some(raw) => {
            let (text, used, _) = encoding::detect(&raw, None).decode(&raw);
            let message = format!(
                "the text does not say its character set; read as {}",
                used.name()
            );
            document.warn("charset_guessed", message, Place::default());
            Cow::Owned(text.into_owned())
        }
        _ => {
            let message = "some bytes of the text are not valid in its character set; each was replaced by U+FFFD";
            document.warn("undecodable_bytes", message, Place::default());
            Cow::Borrowed(text)
        }
    }
}

/// The bytes of a text that does not say its character set, for which the library takes UTF-8.
pub(super) fn undecoded<'a>(part: &MessagePart<'_>, bytes: &'a [u8]) -> Option<Cow<'a, [u8]>> {
    if part
        .content_type()
        .is_some_and(|kind| kind.has_attribute("charset"))
    {
        return None;
    }
    let raw = bytes.get(part.offset_body as usize..part.offset_end as usize)?;
    match part.encoding {
        Encoding::None => Some(Cow::Borrowed(raw)),
        Encoding::QuotedPrintable => quoted_printable_decode(raw).map(Cow::Owned),
        Encoding::Base64 => base64_decode(raw).map(Cow::Owned),
    }
}

/// Read HTML with its own parser, as content of this document.
fn rich_text(
    document: &mut Document,
    text: &str,
    options: &Options,
    place: &Place,
) -> Result<(), Error> {
    if text.trim().is_empty() {
        return Ok(());
    }
    let options = Options {
        encoding: Some("utf-8".to_owned()),
        ..options.clone()
    };
    let mut inner = Document::new(Format::Html.into(), ParsingType::Unstructured);
    html::parse(&mut inner, text.as_bytes(), &options)?;
    let put_below = |inner: &mut Place| {
        let mut path = place.heading_path.clone();
        path.append(&mut inner.heading_path);
        // Lines of the decoded text are not lines of the file.
        *inner = Place {
            heading_path: path,
            lines: None,
            ..inner.clone()
        };
    };
    let before = u32::try_from(document.tables.len()).unwrap_or(u32::MAX);
    for mut block in inner.blocks {
        put_below(&mut block.place);
        block.table = block.table.map(|index| index.saturating_add(before));
        document.blocks.push(block);
    }
    for mut heading in inner.outline {
        put_below(&mut heading.place);
        heading.level = heading.level.saturating_add(1);
        document.outline.push(heading);
    }
    for mut table in inner.tables {
        put_below(&mut table.place);
        document.tables.push(table);
    }
    if let Some(links) = inner.metadata.remove("links") {
        document.metadata.insert("links".to_owned(), links);
    }
    for warning in inner.warnings {
        document.warn(&warning.code, warning.message, place.clone());
    }
    Ok(())
}

/// Cut plain text at blank lines and where quoting begins and ends.
fn paragraphs(document: &mut Document, text: &str, place: &Place) {
    let mut open = String::new();
    let mut kind = BlockKind::Paragraph;
    let mut is_all_quoted = false;
    for line in text.lines() {
        let line = line.trim_end();
        let (is_quoted, content) = unquoted(line);
        is_all_quoted |= opens_original(line);
        let next = if is_quoted || is_all_quoted {
            BlockKind::Quote
        } else {
            BlockKind::Paragraph
        };
        if content.is_empty() || (next != kind && !open.is_empty()) {
            flush(document, &mut open, kind, place);
        }
        kind = next;
        if !content.is_empty() {
            open.push_str(content);
            open.push('\n');
        }
    }
    flush(document, &mut open, kind, place);
}

fn flush(document: &mut Document, open: &mut String, kind: BlockKind, place: &Place) {
    let text = open.trim_end();
    if !text.is_empty() {
        document.push(kind, text, place.clone());
    }
    open.clear();
}

/// Whether a line is quoted (RFC 3676, 4.5), and what it says without one level of the marks.
fn unquoted(line: &str) -> (bool, &str) {
    match line.strip_prefix('>') {
        Some(rest) => (true, rest.strip_prefix(' ').unwrap_or(rest)),
        None => (false, line),
    }
}

/// The line that Outlook and its kin set above the message that is answered, which goes on to the end.
fn opens_original(line: &str) -> bool {
    let inner = line.trim_matches(['-', ' ']);
    let is_ruled = line.starts_with("---") && line.ends_with("---");
    is_ruled
        && [
            "Original Message",
            "Ursprüngliche Nachricht",
            "Message d'origine",
            "Mensaje original",
            "Messaggio originale",
            "Oorspronkelijk bericht",
        ]
        .iter()
        .any(|known| inner.eq_ignore_ascii_case(known))
}
