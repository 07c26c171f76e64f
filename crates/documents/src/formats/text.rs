//! Plain text: paragraphs with their lines, and headings that are underlined.

use crate::document::{BlockKind, Document, Heading, HeadingStack};
use crate::encoding::decode;
use crate::error::Error;
use crate::place::Place;
use crate::request::Options;
use crate::text::{check_size, clean};

/// A first line up to this long, in bytes, that stands alone is the title.
const TITLE_BYTES_MAX: usize = 120;

/// Read plain text.
pub(super) fn parse(document: &mut Document, bytes: &[u8], options: &Options) -> Result<(), Error> {
    check_size(bytes)?;
    let text = decode(document, bytes, options, None)?;
    let text = clean(document, text);
    let mut headings = HeadingStack::default();
    let mut open: Option<Paragraph> = None;
    let mut offset = 0;
    let mut number = 0;
    for line in text.split_inclusive('\n') {
        number += 1;
        let start = offset;
        offset += line.len();
        let line = line.trim_end();
        if line.is_empty() {
            close(document, &text, &headings, open.take());
            continue;
        }
        // An underlined line is a heading: `===` marks the higher level.
        if let (Some(level), Some(above)) = (underline(line), &open)
            && above.first == above.last
        {
            let title = text
                .get(above.start..above.end)
                .unwrap_or_default()
                .trim()
                .to_owned();
            let lines = (above.first, number);
            open = None;
            headings.enter(level, &title);
            document.push_heading(Heading {
                level,
                text: title,
                place: Place {
                    heading_path: headings.path(),
                    ..Place::lines(lines.0, lines.1)
                },
            });
            continue;
        }
        let end = start + line.len();
        match open.as_mut() {
            Some(paragraph) => {
                paragraph.end = end;
                paragraph.last = number;
            }
            None => {
                open = Some(Paragraph {
                    start,
                    end,
                    first: number,
                    last: number,
                });
            }
        }
    }
    close(document, &text, &headings, open);
    document.title = title(document);
    Ok(())
}

struct Paragraph {
    start: usize,
    end: usize,
    first: u64,
    last: u64,
}

fn close(
    document: &mut Document,
    text: &str,
    headings: &HeadingStack,
    paragraph: Option<Paragraph>,
) {
    let Some(paragraph) = paragraph else { return };
    let place = Place {
        heading_path: headings.path(),
        ..Place::lines(paragraph.first, paragraph.last)
    };
    let text = text.get(paragraph.start..paragraph.end).unwrap_or_default();
    document.push(BlockKind::Paragraph, text, place);
}

fn underline(line: &str) -> Option<u8> {
    let bytes = line.as_bytes();
    let all = |mark: u8| bytes.len() >= 3 && bytes.iter().all(|byte| *byte == mark);
    if all(b'=') {
        Some(1)
    } else if all(b'-') {
        Some(2)
    } else {
        None
    }
}

/// The first heading, or a short first line that stands alone and is no sentence.
fn title(document: &Document) -> Option<String> {
    let first = document.blocks.first()?;
    let text = first.text.trim();
    let stands_alone =
        !text.contains('\n') && text.len() <= TITLE_BYTES_MAX && document.blocks.len() > 1;
    let is_title =
        first.kind == BlockKind::Heading || (stands_alone && !text.ends_with(['.', ',', ';', ':']));
    is_title.then(|| text.to_owned())
}
