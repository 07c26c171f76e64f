//! From tags and characters to blocks.

use html5ever::tokenizer::Tag;

use super::grid::{Cell, Grid};
use super::{note, warn_outside};
use crate::document::{Block, BlockKind, Document, Heading, HeadingStack};
use crate::place::Place;
use crate::table::Table;

/// Tables nested deeper than this are text of the cell they stand in.
const TABLES_OPEN_MAX: usize = 8;
/// The most links that are listed.
const LINKS_MAX: usize = 1_000;

/// Elements whose content is not for reading.
const SKIPPED: &[&str] = &[
    "script", "style", "noscript", "template", "nav", "svg", "iframe", "object", "select",
    "button", "xmp", "noembed", "noframes",
];
/// Elements that stand on lines of their own.
const BLOCKS: &[&str] = &[
    "p",
    "div",
    "section",
    "article",
    "main",
    "header",
    "footer",
    "aside",
    "ul",
    "ol",
    "dl",
    "li",
    "dt",
    "dd",
    "blockquote",
    "pre",
    "figure",
    "figcaption",
    "address",
    "form",
    "fieldset",
    "details",
    "summary",
    "hr",
    "body",
    "html",
    "center",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "caption",
    "legend",
];

/// Gathers blocks while the tokenizer runs.
pub(super) struct Reader {
    rows_max: u64,
    /// The skipped element that is open, and how many of its name.
    skipping: Option<(String, usize)>,
    title: Option<String>,
    in_title: bool,
    facts: Vec<(String, String)>,
    links: Vec<(String, String)>,
    link: Option<(String, usize)>,
    text: String,
    first_line: u64,
    line: u64,
    heading: Option<u8>,
    pre_depth: u32,
    list_depth: u8,
    quote_depth: u32,
    in_caption: bool,
    /// Depth of `main` and `article`, and of `header` and `footer` outside of them.
    main_depth: u32,
    frame_depth: u32,
    headings: HeadingStack,
    grids: Vec<Grid>,
    tables: usize,
    found: Vec<(Found, bool)>,
}

enum Found {
    Block(Block),
    Table(Table),
}

impl Reader {
    /// A reader whose tables keep at most `rows_max` rows.
    pub(super) fn new(rows_max: u64) -> Self {
        Self {
            rows_max,
            skipping: None,
            title: None,
            in_title: false,
            facts: Vec::new(),
            links: Vec::new(),
            link: None,
            text: String::new(),
            first_line: 1,
            line: 1,
            heading: None,
            pre_depth: 0,
            list_depth: 0,
            quote_depth: 0,
            in_caption: false,
            main_depth: 0,
            frame_depth: 0,
            headings: HeadingStack::default(),
            grids: Vec::new(),
            tables: 0,
            found: Vec::new(),
        }
    }

    /// A start tag.
    pub(super) fn open(&mut self, tag: &Tag, line: u64) {
        self.line = line;
        let name = &*tag.name;
        if let Some((skipped, depth)) = self.skipping.as_mut() {
            *depth += usize::from(skipped == name && !tag.self_closing);
            return;
        }
        if SKIPPED.contains(&name) {
            if !tag.self_closing {
                self.skipping = Some((name.to_owned(), 1));
            }
            return;
        }
        if BLOCKS.contains(&name) {
            self.flush();
        }
        match name {
            "title" => self.in_title = self.title.is_none(),
            "meta" => self.meta(tag),
            "a" => {
                let href = attribute(tag, "href").filter(|href| !href.starts_with('#'));
                self.link = href.map(|href| (href.to_owned(), self.open_text().len()));
            }
            "br" => self.open_text().push('\n'),
            "img" => {
                if let Some(alt) = attribute(tag, "alt") {
                    self.text(alt, line);
                }
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.heading = name.as_bytes().get(1).copied().map(|digit| digit - b'0');
            }
            "pre" => self.pre_depth += 1,
            "ul" | "ol" => self.list_depth = self.list_depth.saturating_add(1),
            "blockquote" => self.quote_depth += 1,
            "main" | "article" => self.main_depth += 1,
            "header" | "footer" if self.main_depth == 0 => self.frame_depth += 1,
            "caption" => self.in_caption = !self.grids.is_empty(),
            "table" | "tr" | "td" | "th" => self.open_table(name, tag),
            _ => {}
        }
    }

    /// An end tag. One without its start tag changes nothing.
    pub(super) fn close(&mut self, name: &str, line: u64) {
        self.line = line;
        if let Some((skipped, depth)) = self.skipping.as_mut() {
            if skipped == name {
                *depth -= 1;
                if *depth == 0 {
                    self.skipping = None;
                }
            }
            return;
        }
        if BLOCKS.contains(&name) {
            self.flush();
        }
        match name {
            "title" => self.in_title = false,
            "a" => self.end_link(),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.heading = None,
            "pre" => self.pre_depth = self.pre_depth.saturating_sub(1),
            "ul" | "ol" => self.list_depth = self.list_depth.saturating_sub(1),
            "blockquote" => self.quote_depth = self.quote_depth.saturating_sub(1),
            "main" | "article" => self.main_depth = self.main_depth.saturating_sub(1),
            "header" | "footer" if self.main_depth == 0 => {
                self.frame_depth = self.frame_depth.saturating_sub(1);
            }
            "caption" => self.in_caption = false,
            "td" | "th" => self.grids.last_mut().map_or((), Grid::end_cell),
            "tr" => self.grids.last_mut().map_or((), Grid::end_row),
            "table" => self.end_table(),
            _ => {}
        }
    }

    /// Characters, entities already replaced.
    pub(super) fn text(&mut self, text: &str, line: u64) {
        self.line = line;
        if self.skipping.is_some() {
            return;
        }
        if self.in_title {
            let title = self.title.get_or_insert_default();
            append_collapsed(title, text);
            return;
        }
        if self.open_text().is_empty() {
            let breaks = memchr::memchr_iter(b'\n', text.trim_end().as_bytes()).count() as u64;
            self.first_line = line.saturating_sub(breaks);
        }
        if self.pre_depth > 0 {
            self.open_text().push_str(text);
        } else {
            append_collapsed(self.open_text(), text);
        }
    }

    /// Hand over what was found. If the page marks its main content, only that is kept.
    pub(super) fn finish(mut self, document: &mut Document) {
        self.flush();
        while !self.grids.is_empty() {
            self.end_table();
        }
        self.flush();
        let marks_main = self.found.iter().any(|(_, is_main)| *is_main);
        let all = self.found.len();
        let kept = self
            .found
            .into_iter()
            .filter(|(_, is_main)| *is_main || !marks_main);
        let mut count = 0;
        for (found, _) in kept {
            count += 1;
            match found {
                Found::Table(table) => document.push_table(table),
                Found::Block(block) if block.kind == BlockKind::Heading => {
                    document.push_heading(Heading {
                        level: block.level.unwrap_or(1),
                        text: block.text,
                        place: block.place,
                    });
                }
                Found::Block(block) => document.blocks.push(block),
            }
        }
        document.title = self
            .title
            .map(|title| title.trim().to_owned())
            .filter(|title| !title.is_empty());
        if document.title.is_none() {
            document.title = document.outline.first().map(|heading| heading.text.clone());
        }
        note(document, self.facts, self.links);
        warn_outside(document, all - count);
    }

    fn meta(&mut self, tag: &Tag) {
        let known = [
            "description",
            "author",
            "keywords",
            "date",
            "og:title",
            "og:description",
        ];
        let name = attribute(tag, "name").or(attribute(tag, "property"));
        if let (Some(name), Some(content)) = (name, attribute(tag, "content"))
            && let Some(name) = known.iter().find(|known| name.eq_ignore_ascii_case(known))
        {
            self.facts
                .push(((*name).to_owned(), content.trim().to_owned()));
        }
    }

    /// Where text goes now: the caption or cell of the innermost table, or the block.
    fn open_text(&mut self) -> &mut String {
        match self.grids.last_mut() {
            Some(grid) if self.in_caption => &mut grid.caption,
            Some(Grid {
                cell: Some(cell), ..
            }) => &mut cell.text,
            _ => &mut self.text,
        }
    }

    fn end_link(&mut self) {
        let Some((href, start)) = self.link.take() else {
            return;
        };
        if self.links.len() < LINKS_MAX {
            let text = self
                .open_text()
                .get(start..)
                .unwrap_or_default()
                .trim()
                .to_owned();
            self.links.push((href, text));
        }
    }

    const fn is_main(&self) -> bool {
        self.main_depth > 0 && self.frame_depth == 0
    }

    fn flush(&mut self) {
        // Blocks within a cell are lines of its text.
        if let Some(Grid {
            cell: Some(cell), ..
        }) = self.grids.last_mut()
        {
            if !cell.text.is_empty() && !cell.text.ends_with('\n') {
                cell.text.push('\n');
            }
            return;
        }
        let text = std::mem::take(&mut self.text);
        let text = if self.pre_depth > 0 {
            text.trim_matches('\n').trim_end()
        } else {
            text.trim()
        };
        if text.is_empty() {
            return;
        }
        let (kind, level) = match self.heading {
            Some(level) => (BlockKind::Heading, Some(level)),
            None if self.pre_depth > 0 => (BlockKind::Code, None),
            None if self.list_depth > 0 => (BlockKind::ListItem, Some(self.list_depth)),
            None if self.quote_depth > 0 => (BlockKind::Quote, None),
            None => (BlockKind::Paragraph, None),
        };
        if let (BlockKind::Heading, Some(level)) = (kind, level) {
            self.headings.enter(level, text);
        }
        let place = Place {
            heading_path: self.headings.path(),
            ..Place::lines(self.first_line.min(self.line), self.line)
        };
        let block = Block {
            kind,
            text: text.to_owned(),
            level,
            table: None,
            place,
        };
        self.found.push((Found::Block(block), self.is_main()));
    }

    fn open_table(&mut self, name: &str, tag: &Tag) {
        if name == "table" {
            self.flush();
            if self.grids.len() < TABLES_OPEN_MAX {
                self.in_caption = false;
                self.grids
                    .push(Grid::new(self.line, self.is_main(), self.headings.path()));
            }
            return;
        }
        let Some(grid) = self.grids.last_mut() else {
            self.flush();
            return;
        };
        self.in_caption = false;
        if name == "tr" {
            grid.end_row();
            return;
        }
        grid.end_cell();
        let span = |name: &str| {
            attribute(tag, name)
                .and_then(|value| value.trim().parse().ok())
                .unwrap_or(1)
        };
        grid.cell = Some(Cell {
            text: String::new(),
            is_header: name == "th",
            columns: span("colspan"),
            rows: span("rowspan"),
        });
    }

    fn end_table(&mut self) {
        let Some(grid) = self.grids.pop() else { return };
        self.in_caption = false;
        let is_main = grid.is_main;
        match grid.finish(
            format!("table {}", self.tables + 1),
            self.line,
            self.rows_max,
        ) {
            Ok(table) => {
                self.tables += 1;
                self.found.push((Found::Table(table), is_main));
            }
            Err(text) => {
                let line = self.line;
                self.text(&text, line);
                self.flush();
            }
        }
    }
}

fn attribute<'a>(tag: &'a Tag, name: &str) -> Option<&'a str> {
    tag.attrs
        .iter()
        .find(|attribute| &*attribute.name.local == name)
        .map(|attribute| &*attribute.value)
}

/// Append with every run of white space as one space, as a browser shows it.
fn append_collapsed(target: &mut String, text: &str) {
    for character in text.chars() {
        if character.is_ascii_whitespace() {
            if !target.is_empty() && !target.ends_with([' ', '\n']) {
                target.push(' ');
            }
        } else {
            target.push(character);
        }
    }
}
