//! The flow of a text document: paragraphs, tables and notes become blocks in reading order.

use serde_json::{Value, json};

use super::grid::{Grid, HeaderHint};
use crate::document::{Block, BlockKind, Document, Heading, HeadingStack};
use crate::place::Place;
use crate::table::Table;

/// The most links that are listed.
const LINKS_MAX: usize = 1_000;

/// Gathers blocks while a part is read.
pub(super) struct Flow<'d> {
    pub(super) document: &'d mut Document,
    pub(super) page: u32,
    rows_max: u64,
    headings: HeadingStack,
    grids: Vec<Grid>,
    /// The open paragraph, and the one that holds its text box, and so on.
    paragraphs: Vec<Paragraph>,
    /// What stands in text boxes of the open paragraph: it follows it.
    boxed: Vec<Piece>,
    notes: Vec<(BlockKind, String)>,
    /// The page on which the first word of the open table stands.
    table_page: Option<u32>,
    /// What merged cells have added to tables.
    added: usize,
    links: Vec<Value>,
    left_out: LeftOut,
}

/// A paragraph being read.
#[derive(Default)]
pub(super) struct Paragraph {
    pub(super) kind: Kind,
    text: String,
    /// The page on which its first word stands.
    page: Option<u32>,
    link: Option<(String, usize)>,
}

/// What a paragraph is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Kind {
    #[default]
    Plain,
    Quote,
    /// With its level, from 1.
    Heading(u8),
    /// With its depth, from 1.
    Item(u8),
}

/// What is no text.
#[derive(Default)]
struct LeftOut {
    pictures: u64,
    charts: u64,
    diagrams: u64,
}

enum Piece {
    Text(Kind, String, Option<u32>),
    Table(Table),
}

impl Paragraph {
    /// What it says so far.
    pub(super) fn words(&self) -> &str {
        self.text.trim()
    }
}

impl<'d> Flow<'d> {
    /// A flow into a document whose tables keep at most `rows_max` rows.
    pub(super) fn new(document: &'d mut Document, rows_max: u64) -> Self {
        Self {
            document,
            page: 1,
            rows_max,
            headings: HeadingStack::default(),
            grids: Vec::new(),
            paragraphs: Vec::new(),
            boxed: Vec::new(),
            notes: Vec::new(),
            table_page: None,
            added: 0,
            links: Vec::new(),
            left_out: LeftOut::default(),
        }
    }

    /// Begin a paragraph; one that is open holds it.
    pub(super) fn open_paragraph(&mut self, kind: Kind) {
        self.paragraphs.push(Paragraph {
            kind,
            ..Paragraph::default()
        });
    }

    /// The open paragraph.
    pub(super) fn paragraph(&mut self) -> Option<&mut Paragraph> {
        self.paragraphs.last_mut()
    }

    /// Add text to the open paragraph.
    pub(super) fn text(&mut self, text: &str) {
        let page = self.page;
        if let Some(paragraph) = self.paragraphs.last_mut() {
            if !text.trim().is_empty() {
                paragraph.page.get_or_insert(page);
                self.table_page.get_or_insert(page);
            }
            paragraph.text.push_str(text);
        }
    }

    /// End the open paragraph; `label` is its number.
    pub(super) fn close_paragraph(&mut self, label: Option<&str>) {
        self.end_link();
        let Some(paragraph) = self.paragraphs.pop() else {
            return;
        };
        let text = paragraph.text.trim();
        if !text.is_empty() {
            let text = match label {
                Some(label) => format!("{label} {text}"),
                None => text.to_owned(),
            };
            match self.grids.last_mut() {
                Some(grid) => grid.write(&text),
                None => self.put(Piece::Text(paragraph.kind, text, paragraph.page)),
            }
        }
        self.settle();
    }

    /// Whether the open paragraph has words so far.
    pub(super) fn has_words(&self) -> bool {
        let last = self.paragraphs.last();
        last.is_some_and(|paragraph| !paragraph.text.trim().is_empty())
    }

    /// Begin a table; one that is open holds it in its open cell.
    pub(super) fn open_table(&mut self) {
        if self.grids.is_empty() {
            self.table_page = None;
        }
        self.grids.push(Grid::new(self.added));
    }

    /// The innermost table.
    pub(super) fn grid(&mut self) -> Option<&mut Grid> {
        self.grids.last_mut()
    }

    /// End the innermost table.
    pub(super) fn close_table(&mut self, hint: HeaderHint) {
        let Some(grid) = self.grids.pop() else {
            return;
        };
        self.added = self.added.max(grid.added());
        if let Some(outer) = self.grids.last_mut() {
            outer.write(&grid.into_text());
            return;
        }
        let name = format!("table {}", self.document.tables.len() + 1);
        let place = self.place(self.table_page);
        match grid.finish(hint, name, place, self.rows_max) {
            Ok(table) => self.put(Piece::Table(table)),
            Err(text) if text.trim().is_empty() => {}
            Err(text) => self.put(Piece::Text(Kind::Plain, text, None)),
        }
        self.settle();
    }

    /// What follows stands on the next page.
    pub(super) fn next_page(&mut self) {
        self.page = self.page.saturating_add(1);
    }

    /// A note to what is being read. It follows the block that refers to it.
    pub(super) fn note(&mut self, kind: BlockKind, text: &str) {
        let text = text.trim();
        if !text.is_empty() {
            self.notes.push((kind, text.to_owned()));
        }
    }

    /// What follows in the paragraph is the text of a link.
    pub(super) fn begin_link(&mut self, href: String) {
        if let Some(paragraph) = self.paragraphs.last_mut() {
            paragraph.link = Some((href, paragraph.text.len()));
        }
    }

    /// The text of the link ends here.
    pub(super) fn end_link(&mut self) {
        let Some(paragraph) = self.paragraphs.last_mut() else {
            return;
        };
        let Some((href, start)) = paragraph.link.take() else {
            return;
        };
        let text = paragraph.text.get(start..).unwrap_or_default().trim();
        if self.links.len() < LINKS_MAX && !text.is_empty() {
            self.links.push(json!({ "href": href, "text": text }));
        }
    }

    /// A picture, with what it is said to show.
    pub(super) fn picture(&mut self, description: Option<&str>) {
        if let Some(text) = description.map(str::trim).filter(|text| !text.is_empty()) {
            self.text(text);
            self.text(" ");
        }
    }

    /// Count what cannot be read: an element of this local name.
    pub(super) fn count_left_out(&mut self, name: &str) {
        match name {
            "blip" | "image" | "imagedata" => self.left_out.pictures += 1,
            "chart" => self.left_out.charts += 1,
            "relIds" => self.left_out.diagrams += 1,
            _ => {}
        }
    }

    /// End of the document. Pages are kept where the document has more than one.
    pub(super) fn finish(mut self, knows_pages: bool) {
        while !self.grids.is_empty() {
            self.close_table(HeaderHint::No);
        }
        while !self.paragraphs.is_empty() {
            self.close_paragraph(None);
        }
        self.settle();
        if !self.links.is_empty() {
            let links = Value::Array(self.links);
            self.document.metadata.insert("links".to_owned(), links);
        }
        let LeftOut {
            pictures,
            charts,
            diagrams,
        } = self.left_out;
        let counts = [
            (pictures, "pictures"),
            (charts, "charts"),
            (diagrams, "diagrams"),
        ];
        let counts: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        if !counts.is_empty() {
            let message = format!("the text in {} was not read", counts.join(" and "));
            self.document
                .warn("pictures_not_read", message, Place::default());
        }
        if knows_pages {
            self.document.pages = Some(self.page);
            return;
        }
        let places = self
            .document
            .blocks
            .iter_mut()
            .map(|block| &mut block.place);
        let places = places.chain(
            self.document
                .tables
                .iter_mut()
                .map(|table| &mut table.place),
        );
        let places = places.chain(
            self.document
                .outline
                .iter_mut()
                .map(|heading| &mut heading.place),
        );
        places.for_each(|place| place.page = None);
    }

    fn place(&self, page: Option<u32>) -> Place {
        Place {
            page: Some(page.unwrap_or(self.page)),
            heading_path: self.headings.path(),
            ..Place::default()
        }
    }

    fn put(&mut self, piece: Piece) {
        if !self.paragraphs.is_empty() || !self.grids.is_empty() {
            self.boxed.push(piece);
            return;
        }
        match piece {
            Piece::Table(table) => self.document.push_table(table),
            Piece::Text(Kind::Heading(level), text, page) => {
                let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                self.headings.enter(level, &text);
                let place = self.place(page);
                self.document.push_heading(Heading { level, text, place });
            }
            Piece::Text(kind, text, page) => {
                let (kind, level) = match kind {
                    Kind::Item(level) => (BlockKind::ListItem, Some(level)),
                    Kind::Quote => (BlockKind::Quote, None),
                    _ => (BlockKind::Paragraph, None),
                };
                self.document.blocks.push(Block {
                    kind,
                    text,
                    level,
                    table: None,
                    place: self.place(page),
                });
            }
        }
    }

    /// Once nothing is open any more, hand over what waited for it.
    fn settle(&mut self) {
        if !self.paragraphs.is_empty() || !self.grids.is_empty() {
            return;
        }
        for piece in std::mem::take(&mut self.boxed) {
            self.put(piece);
        }
        for (kind, text) in std::mem::take(&mut self.notes) {
            let place = self.place(None);
            self.document.push(kind, text, place);
        }
    }
}
