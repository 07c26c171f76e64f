//! Plain text: paragraphs with their lines, and headings that are underlined.

use std::io::Read;

use crate::document::{BlockKind, Document, Heading, HeadingStack, KEPT_BYTES_MAX};
use crate::error::Error;
use crate::place::Place;
use crate::request::Options;
use crate::source::{Line, Text};

/// A first line up to this long, in bytes, that stands alone is the title.
const TITLE_BYTES_MAX: usize = 120;

/// About what a block takes beside its text, in bytes.
const BLOCK_BYTES: usize = 100;

/// Read plain text of any length: its beginning is kept, all of its lines are counted.
pub(super) fn stream(
    document: &mut Document,
    input: &mut dyn Read,
    options: &Options,
) -> Result<(), Error> {
    let mut text = Text::open(input, options)?.cleaned();
    let mut reader = Reader {
        document,
        headings: HeadingStack::default(),
        open: None,
        number: 0,
        room: KEPT_BYTES_MAX,
    };
    let mut bytes = Vec::new();
    let mut is_cut = false;
    while !is_cut {
        match text.line(&mut bytes, reader.room) {
            Line::None => break,
            Line::Whole => {}
            Line::Cut => is_cut = true,
        }
        // The text is valid UTF-8, and so is a line of it.
        reader.line(std::str::from_utf8(&bytes).unwrap_or_default());
    }
    reader.close();
    let kept = reader.number;
    document.title = title(document);
    if is_cut {
        let lines = kept + text.count_lines();
        let message = format!(
            "only the beginning of the text is kept, up to line {kept} of {lines}: split the file to have all of it"
        );
        document.warn("text_left_out", message, Place::lines(kept, lines));
        document.metadata.insert("lines".to_owned(), lines.into());
    }
    text.report(document);
    Ok(())
}

struct Reader<'a> {
    document: &'a mut Document,
    headings: HeadingStack,
    open: Option<Paragraph>,
    /// Of the last line.
    number: u64,
    /// How much more can be kept, in bytes.
    room: usize,
}

struct Paragraph {
    text: String,
    /// Where the last line ends, without the white space behind it.
    end: usize,
    first: u64,
    last: u64,
}

impl Reader<'_> {
    fn line(&mut self, whole: &str) {
        self.number += 1;
        self.room = self.room.saturating_sub(whole.len());
        let number = self.number;
        let line = whole.trim_end();
        if line.is_empty() {
            return self.close();
        }
        // An underlined line is a heading: `===` marks the higher level.
        if let (Some(level), Some(above)) = (underline(line), &self.open)
            && above.first == above.last
        {
            let title = above.text.trim().to_owned();
            let lines = (above.first, number);
            self.open = None;
            self.headings.enter(level, &title);
            self.take_room();
            self.document.push_heading(Heading {
                level,
                text: title,
                place: Place {
                    heading_path: self.headings.path(),
                    ..Place::lines(lines.0, lines.1)
                },
            });
            return;
        }
        let paragraph = self.open.get_or_insert_with(|| Paragraph {
            text: String::new(),
            end: 0,
            first: number,
            last: number,
        });
        paragraph.end = paragraph.text.len() + line.len();
        paragraph.text.push_str(whole);
        paragraph.last = number;
    }

    fn close(&mut self) {
        let Some(mut paragraph) = self.open.take() else {
            return;
        };
        paragraph.text.truncate(paragraph.end);
        let place = Place {
            heading_path: self.headings.path(),
            ..Place::lines(paragraph.first, paragraph.last)
        };
        self.take_room();
        self.document
            .push(BlockKind::Paragraph, paragraph.text, place);
    }

    /// A block takes more than its text: its place, and the headings above.
    fn take_room(&mut self) {
        let path: usize = self.headings.path().iter().map(String::len).sum();
        self.room = self.room.saturating_sub(BLOCK_BYTES + path);
    }
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
