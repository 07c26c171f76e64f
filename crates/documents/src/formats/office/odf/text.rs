//! The body of a text, tag by tag.

use std::io::BufRead;

use super::super::flow::{Flow, Kind};
use super::super::grid::HeaderHint;
use super::super::xml::{Node, Tag, Xml};
use super::styles::Styles;
use crate::archive::Archive;
use crate::document::{BlockKind, Document};
use crate::error::Error;

/// The most spaces that one tag stands for, and the most rows or cells of a table in a text.
const REPEATED_MAX: usize = 1_000;

/// What was found beside the blocks.
pub(super) struct Read {
    pub(super) title: Option<String>,
    pub(super) entities: u64,
    pub(super) deletions: u64,
}

/// Gathers blocks while the body is read.
pub(super) struct Reader<'d, 's> {
    flow: Flow<'d>,
    styles: &'s Styles,
    open: Vec<Open>,
    lists: usize,
    header_rows: usize,
    in_body: bool,
    knows_pages: bool,
    read: Read,
}

/// An open paragraph.
struct Open {
    is_title: bool,
    /// Whether the last character was white space: several are one, and none stands at the beginning.
    after_space: bool,
}

impl<'d, 's> Reader<'d, 's> {
    /// A reader into a document whose tables keep at most `rows_max` rows.
    pub(super) fn new(document: &'d mut Document, styles: &'s Styles, rows_max: u64) -> Self {
        Self {
            flow: Flow::new(document, rows_max),
            styles,
            open: Vec::new(),
            lists: 0,
            header_rows: 0,
            in_body: false,
            knows_pages: false,
            read: Read {
                title: None,
                entities: 0,
                deletions: 0,
            },
        }
    }

    /// Read the whole part.
    pub(super) fn read<R: BufRead>(mut self, mut xml: Xml<R>) -> Result<Read, Error> {
        loop {
            match xml.next()? {
                Node::Open(tag) if tag.name() == "body" => self.in_body = true,
                Node::Open(tag) if self.in_body => self.step(&mut xml, &tag)?,
                Node::Close(name) if self.in_body => self.close(&name),
                Node::Text(text) if self.in_body => self.text(&text),
                Node::End => break,
                _ => {}
            }
        }
        self.read.entities = xml.entities();
        self.flow.finish(self.knows_pages);
        Ok(self.read)
    }

    /// Tags whose content is not part of the flow, then the others.
    fn step<R: BufRead>(&mut self, xml: &mut Xml<R>, tag: &Tag) -> Result<(), Error> {
        match tag.name() {
            "tracked-changes" => {
                let outside = xml.depth().saturating_sub(1);
                while xml.depth() > outside {
                    match xml.next()? {
                        Node::Open(tag) if tag.name() == "deletion" => self.read.deletions += 1,
                        Node::End => break,
                        _ => {}
                    }
                }
            }
            "annotation" => {
                let text = annotation(xml)?;
                self.flow.note(BlockKind::Comment, &text);
            }
            "note" => {
                let (mark, text) = note(xml)?;
                let mark = format!("[{mark}]");
                self.put(&mark);
                self.flow.note(BlockKind::Note, &format!("{mark} {text}"));
            }
            "ruby-text" | "notes" | "forms" | "sequence-decls" | "variable-decls"
            | "user-field-decls" => xml.skip()?,
            "desc" => {
                let text = xml.text()?;
                self.flow.picture(Some(&text));
            }
            "covered-table-cell" => {
                // Spans of the cells before have filled these places.
                xml.skip()?;
            }
            _ => self.open(tag),
        }
        Ok(())
    }

    fn open(&mut self, tag: &Tag) {
        match tag.name() {
            name @ ("p" | "h") => {
                let style = tag.get("style-name");
                let style = style.as_deref();
                if self.styles.breaks_page(style) {
                    self.next_page();
                }
                let is_title = self.styles.is(style, "Title");
                let kind = if name == "h" {
                    Kind::Heading(tag.number("outline-level").unwrap_or(1).clamp(1, 10))
                } else if is_title {
                    Kind::Heading(1)
                } else if self.lists > 0 {
                    Kind::Item(u8::try_from(self.lists).unwrap_or(u8::MAX))
                } else if self.styles.is(style, "Quotations") {
                    Kind::Quote
                } else {
                    Kind::Plain
                };
                self.flow.open_paragraph(kind);
                self.open.push(Open {
                    is_title,
                    after_space: true,
                });
            }
            "list" => self.lists += 1,
            "s" => {
                let count = tag.number("c").unwrap_or(1).min(REPEATED_MAX);
                self.put(&" ".repeat(count));
            }
            "tab" => self.put("\t"),
            "line-break" => self.put("\n"),
            "soft-page-break" => self.next_page(),
            "a" => {
                if let Some(href) = tag.get("href").filter(|href| !href.starts_with('#')) {
                    self.flow.begin_link(href);
                }
            }
            "image" => self.flow.count_left_out("image"),
            "table" => self.flow.open_table(),
            "table-header-rows" => self.header_rows += 1,
            "table-cell" => {
                let repeated = tag.number("number-columns-repeated").unwrap_or(1_usize);
                if let Some(grid) = self.flow.grid() {
                    // A repeated cell in a text is an empty one: a span of as many columns is the same.
                    let columns = tag
                        .number("number-columns-spanned")
                        .unwrap_or(1)
                        .max(repeated);
                    grid.open_cell(
                        columns.min(REPEATED_MAX),
                        tag.number("number-rows-spanned").unwrap_or(1),
                    );
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "p" | "h" => {
                let open = self.open.pop();
                if let Some(paragraph) = self.flow.paragraph()
                    && open.is_some_and(|open| open.is_title)
                    && self.read.title.is_none()
                    && !paragraph.words().is_empty()
                {
                    let words: Vec<_> = paragraph.words().split_whitespace().collect();
                    self.read.title = Some(words.join(" "));
                }
                self.flow.close_paragraph(None);
            }
            "list" => self.lists = self.lists.saturating_sub(1),
            "a" => self.flow.end_link(),
            "table" => self.flow.close_table(HeaderHint::Perhaps),
            "table-header-rows" => self.header_rows = self.header_rows.saturating_sub(1),
            "table-cell" => {
                if let Some(grid) = self.flow.grid() {
                    grid.close_cell();
                }
            }
            "table-row" => {
                let is_header = self.header_rows > 0;
                if let Some(grid) = self.flow.grid() {
                    grid.close_row(is_header);
                }
            }
            _ => {}
        }
    }

    /// Text, white space collapsed (ISO/IEC 26300-1, 6.1.2).
    fn text(&mut self, text: &str) {
        let Some(open) = self.open.last_mut() else {
            return;
        };
        let mut collapsed = String::with_capacity(text.len());
        for sign in text.chars() {
            let is_space = matches!(sign, ' ' | '\t' | '\n' | '\r');
            if !is_space {
                collapsed.push(sign);
            } else if !open.after_space {
                collapsed.push(' ');
            }
            open.after_space = is_space;
        }
        self.flow.text(&collapsed);
    }

    /// Text that stands as it is.
    fn put(&mut self, text: &str) {
        if let Some(open) = self.open.last_mut() {
            open.after_space = false;
            self.flow.text(text);
        }
    }

    fn next_page(&mut self) {
        self.knows_pages = true;
        self.flow.next_page();
    }
}

/// A footnote or endnote: its mark and its text.
fn note<R: BufRead>(xml: &mut Xml<R>) -> Result<(String, String), Error> {
    let outside = xml.depth().saturating_sub(1);
    let (mut mark, mut text) = (String::new(), String::new());
    while xml.depth() > outside {
        match xml.next()? {
            Node::Open(tag) if tag.name() == "note-citation" => mark = collapse(&xml.text()?),
            Node::Open(tag) if tag.name() == "note-body" => text = paragraphs(xml)?,
            Node::End => break,
            _ => {}
        }
    }
    Ok((mark, text))
}

/// A comment: who wrote it and what.
pub(super) fn annotation<R: BufRead>(xml: &mut Xml<R>) -> Result<String, Error> {
    let outside = xml.depth().saturating_sub(1);
    let (mut author, mut lines) = (String::new(), Vec::new());
    while xml.depth() > outside {
        match xml.next()? {
            Node::Open(tag) if tag.name() == "creator" => author = xml.text()?,
            Node::Open(tag) if tag.name() == "p" => lines.push(collapse(&xml.text()?)),
            Node::Open(tag) if matches!(tag.name(), "date" | "creator-initials") => xml.skip()?,
            Node::End => break,
            _ => {}
        }
    }
    let text = lines.join("\n");
    Ok(if author.is_empty() || text.is_empty() {
        text
    } else {
        format!("{author}: {text}")
    })
}

/// The paragraphs up to the end of the tag that was opened last, a line for each.
pub(super) fn paragraphs<R: BufRead>(xml: &mut Xml<R>) -> Result<String, Error> {
    let outside = xml.depth().saturating_sub(1);
    let mut lines = Vec::new();
    while xml.depth() > outside {
        match xml.next()? {
            Node::Open(tag) if matches!(tag.name(), "p" | "h") => {
                lines.push(line_text(xml)?);
            }
            Node::End => break,
            _ => {}
        }
    }
    lines.retain(|line| !line.is_empty());
    Ok(lines.join("\n"))
}

/// The text of a paragraph that was opened last, with its tabs and breaks as spaces.
pub(super) fn line_text<R: BufRead>(xml: &mut Xml<R>) -> Result<String, Error> {
    let outside = xml.depth().saturating_sub(1);
    let mut text = String::new();
    while xml.depth() > outside {
        match xml.next()? {
            Node::Text(more) => text.push_str(&more),
            Node::Open(tag) if matches!(tag.name(), "s" | "tab" | "line-break") => text.push(' '),
            Node::Open(tag) if matches!(tag.name(), "annotation" | "note") => xml.skip()?,
            Node::End => break,
            _ => {}
        }
    }
    Ok(collapse(&text))
}

fn collapse(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Headers and footers of the page styles, each text once.
pub(super) fn margins(archive: &mut Archive<'_>) -> Result<Vec<String>, Error> {
    let mut found: Vec<String> = Vec::new();
    let Some(mut xml) = Xml::open(archive, "styles.xml")? else {
        return Ok(found);
    };
    loop {
        match xml.next()? {
            Node::Open(tag)
                if matches!(
                    tag.name(),
                    "header"
                        | "footer"
                        | "header-left"
                        | "footer-left"
                        | "header-first"
                        | "footer-first"
                ) =>
            {
                let text = paragraphs(&mut xml)?;
                if !text.is_empty() && !found.contains(&text) {
                    found.push(text);
                }
            }
            Node::End => return Ok(found),
            _ => {}
        }
    }
}
