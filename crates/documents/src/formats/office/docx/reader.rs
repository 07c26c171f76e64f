//! The body of a DOCX, tag by tag.

use std::collections::HashMap;
use std::io::BufRead;

use super::super::flow::{Flow, Kind};
use super::super::grid::HeaderHint;
use super::super::xml::{Node, Tag, Xml, is_off};
use super::numbering::Numbering;
use super::styles::{Styles, heading_level};
use crate::document::{BlockKind, Document};
use crate::error::Error;

/// What the other parts say.
pub(super) struct Parts {
    pub(super) styles: Styles,
    pub(super) numbering: Numbering,
    pub(super) footnotes: HashMap<String, String>,
    pub(super) endnotes: HashMap<String, String>,
    pub(super) comments: HashMap<String, String>,
    pub(super) links: HashMap<String, String>,
}

/// What was found beside the blocks.
pub(super) struct Read {
    pub(super) title: Option<String>,
    pub(super) entities: u64,
    pub(super) insertions: u64,
    pub(super) deletions: u64,
}

/// The properties of an open paragraph.
#[derive(Default)]
struct Properties {
    style: Option<String>,
    outline: Option<u8>,
    number: Option<String>,
    depth: Option<usize>,
}

/// The properties of an open table.
#[derive(Default)]
struct TableState {
    first_row: Option<bool>,
    row_is_header: bool,
    row_is_deleted: bool,
}

/// What is known of pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pages {
    /// There was no break yet.
    Unknown,
    Known,
    /// An explicit break was the last thing: the mark that Word left for it counts no second time.
    Broken,
}

/// Gathers blocks while the body is read.
pub(super) struct Reader<'d> {
    flow: Flow<'d>,
    parts: Parts,
    open: Vec<Properties>,
    tables: Vec<TableState>,
    in_properties: usize,
    in_row_properties: bool,
    in_text: bool,
    pages: Pages,
    notes: u32,
    read: Read,
}

impl<'d> Reader<'d> {
    /// A reader into a document whose tables keep at most `rows_max` rows.
    pub(super) fn new(document: &'d mut Document, parts: Parts, rows_max: u64) -> Self {
        Self {
            flow: Flow::new(document, rows_max),
            parts,
            open: Vec::new(),
            tables: Vec::new(),
            in_properties: 0,
            in_row_properties: false,
            in_text: false,
            pages: Pages::Unknown,
            notes: 0,
            read: Read {
                title: None,
                entities: 0,
                insertions: 0,
                deletions: 0,
            },
        }
    }

    /// Read the whole part.
    pub(super) fn read<R: BufRead>(mut self, mut xml: Xml<R>) -> Result<Read, Error> {
        loop {
            match xml.next()? {
                Node::Open(tag) => {
                    if self.is_skipped(&tag) {
                        xml.skip()?;
                    } else {
                        self.open(&tag);
                    }
                }
                Node::Close(name) => self.close(&name),
                Node::Text(text) if self.in_text => {
                    if self.pages == Pages::Broken && !text.trim().is_empty() {
                        self.pages = Pages::Known;
                    }
                    self.flow.text(&text);
                }
                Node::Text(_) => {}
                Node::End => break,
            }
        }
        self.read.entities = xml.entities();
        self.flow.finish(self.pages != Pages::Unknown);
        Ok(self.read)
    }

    /// What is not shown: deletions, earlier formatting, the older form of what stands beside it.
    fn is_skipped(&mut self, tag: &Tag) -> bool {
        match tag.name() {
            "del" | "moveFrom" if !self.in_row_properties && self.in_properties == 0 => {
                self.read.deletions += 1;
                true
            }
            "Fallback" | "sdtPr" | "rt" | "pPrChange" | "rPrChange" | "tblPrChange"
            | "trPrChange" | "tcPrChange" | "sectPrChange" | "instrText" | "delText" => true,
            _ => false,
        }
    }

    fn open(&mut self, tag: &Tag) {
        match tag.name() {
            "p" => {
                self.open.push(Properties::default());
                self.flow.open_paragraph(Kind::Plain);
            }
            "pPr" => self.in_properties += 1,
            "pStyle" | "outlineLvl" | "numId" | "ilvl" => self.property(tag),
            "pageBreakBefore" if tag.is_on() => self.page_break(),
            "t" => self.in_text = true,
            "tab" | "ptab" if self.in_properties == 0 => self.flow.text("\t"),
            "br" => match tag.get("type").as_deref() {
                Some("page") => self.page_break(),
                _ => self.flow.text("\n"),
            },
            "cr" => self.flow.text("\n"),
            "noBreakHyphen" => self.flow.text("\u{2011}"),
            "sym" => {
                let code = tag
                    .get("char")
                    .and_then(|code| u32::from_str_radix(&code, 16).ok());
                let sign = code
                    .and_then(char::from_u32)
                    .filter(|sign| !sign.is_control());
                self.flow
                    .text(sign.map(String::from).unwrap_or_default().as_str());
            }
            "lastRenderedPageBreak" => {
                if self.pages != Pages::Broken {
                    self.flow.next_page();
                }
                self.pages = Pages::Known;
            }
            "ins" | "moveTo" if self.in_properties == 0 => self.read.insertions += 1,
            "footnoteReference" | "endnoteReference" | "commentReference" => self.reference(tag),
            "hyperlink" => {
                let target = tag
                    .get_full("r:id")
                    .and_then(|id| self.parts.links.get(&id).cloned());
                if let Some(target) = target {
                    self.flow.begin_link(target);
                }
            }
            "docPr" => self.flow.picture(tag.get("descr").as_deref()),
            name @ ("blip" | "imagedata" | "chart" | "relIds") => self.flow.count_left_out(name),
            _ => self.open_table(tag),
        }
    }

    fn open_table(&mut self, tag: &Tag) {
        match tag.name() {
            "tbl" => {
                self.flow.open_table();
                self.tables.push(TableState::default());
            }
            "tblLook" => {
                let by_name = tag.get("firstRow").map(|value| !is_off(&value));
                let by_bits = || {
                    let bits = u32::from_str_radix(&tag.get("val")?, 16).ok()?;
                    Some(bits & 0x20 != 0)
                };
                if let Some(table) = self.tables.last_mut() {
                    table.first_row = by_name.or_else(by_bits);
                }
            }
            "trPr" => self.in_row_properties = true,
            "tblHeader" if tag.is_on() => {
                if let Some(table) = self.tables.last_mut() {
                    table.row_is_header = true;
                }
            }
            "del" => {
                self.read.deletions += 1;
                if let Some(table) = self.tables.last_mut() {
                    table.row_is_deleted |= self.in_row_properties;
                }
            }
            "tc" => {
                if let Some(grid) = self.flow.grid() {
                    grid.open_cell(1, 1);
                }
            }
            "gridSpan" => {
                if let Some(grid) = self.flow.grid() {
                    grid.span(tag.number("val").unwrap_or(1));
                }
            }
            "vMerge" if tag.get("val").is_none_or(|value| value == "continue") => {
                if let Some(grid) = self.flow.grid() {
                    grid.continue_above();
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "p" => self.close_paragraph(),
            "pPr" => self.in_properties = self.in_properties.saturating_sub(1),
            "t" => self.in_text = false,
            "hyperlink" => self.flow.end_link(),
            "trPr" => self.in_row_properties = false,
            "tc" => {
                if let Some(grid) = self.flow.grid() {
                    grid.close_cell();
                }
            }
            "tr" => {
                let Some((table, grid)) = self.tables.last_mut().zip(self.flow.grid()) else {
                    return;
                };
                if std::mem::take(&mut table.row_is_deleted) {
                    grid.drop_row();
                } else {
                    grid.close_row(table.row_is_header);
                }
                table.row_is_header = false;
            }
            "tbl" => {
                if let Some(table) = self.tables.pop() {
                    self.flow.close_table(match table.first_row {
                        Some(false) => HeaderHint::No,
                        _ => HeaderHint::Perhaps,
                    });
                }
            }
            _ => {}
        }
    }

    fn property(&mut self, tag: &Tag) {
        if let Some(open) = self.open.last_mut() {
            match tag.name() {
                "pStyle" => open.style = tag.get("val"),
                "outlineLvl" => open.outline = tag.number("val"),
                "numId" => open.number = tag.get("val"),
                _ => open.depth = tag.number("val"),
            }
        }
    }

    /// An explicit break. A page that nothing stood on is one all the same.
    fn page_break(&mut self) {
        self.pages = Pages::Broken;
        self.flow.next_page();
    }

    fn close_paragraph(&mut self) {
        let properties = self.open.pop().unwrap_or_default();
        let role = self.parts.styles.role(properties.style.as_deref());
        let heading = match properties.outline {
            Some(level) => heading_level(Some(level)),
            None => role.heading,
        };
        let number = properties.number.or(role.number);
        let depth = properties.depth.or(role.depth).unwrap_or(0).min(8);
        let is_empty = !self.flow.has_words();
        // Word numbers empty paragraphs too, but nobody would see the number here.
        let number = number.filter(|id| id != "0" && !is_empty);
        let label = number
            .as_deref()
            .and_then(|id| self.parts.numbering.next(id, depth));
        let kind = if role.is_title {
            Kind::Heading(1)
        } else if let Some(level) = heading {
            Kind::Heading(level)
        } else if number.is_some() {
            Kind::Item(u8::try_from(depth.max(role.list_depth) + 1).unwrap_or(9))
        } else if role.is_quote {
            Kind::Quote
        } else {
            Kind::Plain
        };
        if let Some(paragraph) = self.flow.paragraph() {
            paragraph.kind = kind;
            if role.is_title && self.read.title.is_none() && !is_empty {
                let words: Vec<_> = paragraph.words().split_whitespace().collect();
                self.read.title = Some(words.join(" "));
            }
        }
        self.flow.close_paragraph(label.as_deref());
    }

    /// Footnotes and endnotes are counted on through the text; comments have no number.
    fn reference(&mut self, tag: &Tag) {
        let id = tag.get("id").unwrap_or_default();
        let (notes, kind) = match tag.name() {
            "footnoteReference" => (&mut self.parts.footnotes, BlockKind::Note),
            "endnoteReference" => (&mut self.parts.endnotes, BlockKind::Note),
            _ => (&mut self.parts.comments, BlockKind::Comment),
        };
        let Some(text) = notes.remove(&id) else {
            return;
        };
        if kind == BlockKind::Comment {
            self.flow.note(kind, &text);
            return;
        }
        self.notes += 1;
        let mark = format!("[{}]", self.notes);
        self.flow.text(&mark);
        self.flow.note(kind, &format!("{mark} {text}"));
    }
}
