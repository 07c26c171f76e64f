//! Markdown: `CommonMark` with tables, task lists, footnotes and front matter.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options as Dialect, Parser, Tag, TagEnd};
use serde_json::{Value, json};

use crate::document::{BlockKind, Document, Heading, HeadingStack};
use crate::encoding::decode;
use crate::error::Error;
use crate::place::Place;
use crate::request::Options;
use crate::table::Builder;
use crate::text::{LineCounter, check_size, clean};

/// The most links that are listed.
const LINKS_MAX: usize = 1_000;

/// Read Markdown.
pub(super) fn parse(document: &mut Document, bytes: &[u8], options: &Options) -> Result<(), Error> {
    check_size(bytes)?;
    let text = decode(document, bytes, options, None)?;
    let text = clean(document, text);
    let dialect = Dialect::ENABLE_TABLES
        | Dialect::ENABLE_FOOTNOTES
        | Dialect::ENABLE_STRIKETHROUGH
        | Dialect::ENABLE_TASKLISTS
        | Dialect::ENABLE_YAML_STYLE_METADATA_BLOCKS
        | Dialect::ENABLE_PLUSES_DELIMITED_METADATA_BLOCKS;
    let mut reader = Reader {
        document,
        lines: LineCounter::new(&text),
        headings: HeadingStack::default(),
        rows_max: options.rows_max,
        text: String::new(),
        start: 0,
        end: 0,
        list_depth: 0,
        quote_depth: 0,
        code: None,
        cells: Vec::new(),
        table: None,
        table_start: 0,
        links: Vec::new(),
    };
    for (event, range) in Parser::new_ext(&text, dialect).into_offset_iter() {
        reader.event(event, range.start, range.end);
    }
    reader.flush();
    let links = std::mem::take(&mut reader.links);
    if !links.is_empty() {
        document
            .metadata
            .insert("links".to_owned(), Value::Array(links));
    }
    if document.title.is_none() {
        let top = document.outline.iter().find(|heading| heading.level == 1);
        document.title = top
            .or(document.outline.first())
            .map(|heading| heading.text.clone());
    }
    Ok(())
}

struct Reader<'a> {
    document: &'a mut Document,
    lines: LineCounter<'a>,
    headings: HeadingStack,
    rows_max: u64,
    /// The block being read, and its bytes in the source.
    text: String,
    start: usize,
    end: usize,
    list_depth: u8,
    quote_depth: u32,
    code: Option<String>,
    cells: Vec<String>,
    table: Option<Builder>,
    table_start: u64,
    links: Vec<Value>,
}

impl Reader<'_> {
    fn event(&mut self, event: Event<'_>, start: usize, end: usize) {
        match event {
            Event::Start(tag) => self.open(tag, start),
            Event::End(tag) => self.close(tag, end),
            Event::Text(text)
            | Event::Code(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text) => {
                self.add(&text, start, end);
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                // Markup is not text; a line break is the one tag with a meaning for it.
                let name = html.trim_start_matches(['<', '/']).get(..2);
                if name.is_some_and(|name| name.eq_ignore_ascii_case("br")) {
                    self.add("\n", start, end);
                }
            }
            Event::FootnoteReference(label) => self.add(&format!("[{label}]"), start, end),
            Event::SoftBreak | Event::HardBreak => self.add("\n", start, end),
            Event::TaskListMarker(done) => self.add(if done { "[x] " } else { "[ ] " }, start, end),
            Event::Rule => self.flush(),
        }
    }

    fn open(&mut self, tag: Tag<'_>, start: usize) {
        match tag {
            Tag::BlockQuote(_) => {
                self.flush();
                self.quote_depth += 1;
            }
            Tag::List(_) => {
                self.flush();
                self.list_depth = self.list_depth.saturating_add(1);
            }
            Tag::CodeBlock(kind) => {
                self.flush();
                self.code = Some(match kind {
                    CodeBlockKind::Fenced(language) => language.to_string(),
                    CodeBlockKind::Indented => String::new(),
                });
            }
            Tag::Table(_) => {
                self.flush();
                self.table_start = self.lines.line_at(start);
                self.cells.clear();
            }
            Tag::Link { dest_url, .. } if self.links.len() < LINKS_MAX => {
                self.links.push(Value::String(dest_url.to_string()));
            }
            Tag::Paragraph
            | Tag::Heading { .. }
            | Tag::Item
            | Tag::HtmlBlock
            | Tag::FootnoteDefinition(_) => {
                self.flush();
            }
            _ => {}
        }
    }

    fn close(&mut self, tag: TagEnd, end: usize) {
        match tag {
            TagEnd::Heading(level) => self.heading(level),
            TagEnd::BlockQuote(_) => {
                self.flush();
                self.quote_depth = self.quote_depth.saturating_sub(1);
            }
            TagEnd::List(_) => {
                self.flush();
                self.list_depth = self.list_depth.saturating_sub(1);
            }
            TagEnd::MetadataBlock(_) => self.front_matter(),
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.text);
                self.cells.push(cell.trim().to_owned());
            }
            TagEnd::TableHead => {
                let headers = std::mem::take(&mut self.cells);
                self.table = Some(Builder::new(headers, self.rows_max));
            }
            TagEnd::TableRow => {
                if let Some(table) = self.table.as_mut() {
                    table.push(self.cells.iter().map(String::as_str));
                }
                self.cells.clear();
            }
            TagEnd::Table => self.finish_table(end),
            TagEnd::Paragraph
            | TagEnd::Item
            | TagEnd::CodeBlock
            | TagEnd::HtmlBlock
            | TagEnd::FootnoteDefinition => {
                self.flush();
            }
            _ => {}
        }
    }

    fn add(&mut self, text: &str, start: usize, end: usize) {
        if self.text.is_empty() {
            self.start = start;
        }
        self.end = end;
        self.text.push_str(text);
    }

    /// The place of the block being read.
    fn place(&mut self) -> Place {
        let first = self.lines.line_at(self.start);
        let last = self.lines.line_at(self.end.saturating_sub(1));
        Place {
            heading_path: self.headings.path(),
            ..Place::lines(first, last)
        }
    }

    fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        let code = self.code.take();
        let text = if code.is_some() {
            text.trim_end()
        } else {
            text.trim()
        };
        if text.is_empty() {
            return;
        }
        let place = self.place();
        let kind = match code {
            Some(_) => BlockKind::Code,
            None if self.list_depth > 0 => BlockKind::ListItem,
            None if self.quote_depth > 0 => BlockKind::Quote,
            None => BlockKind::Paragraph,
        };
        self.document.push(kind, text, place);
        if let (BlockKind::ListItem, Some(block)) = (kind, self.document.blocks.last_mut()) {
            block.level = Some(self.list_depth);
        }
    }

    fn heading(&mut self, level: HeadingLevel) {
        let text = std::mem::take(&mut self.text).trim().to_owned();
        if text.is_empty() {
            return;
        }
        let level = level as u8;
        self.headings.enter(level, &text);
        let place = self.place();
        self.document.push_heading(Heading { level, text, place });
    }

    fn finish_table(&mut self, end: usize) {
        let Some(table) = self.table.take() else {
            return;
        };
        let last = self.lines.line_at(end.saturating_sub(1));
        let rows = table.row_count();
        let place = Place {
            rows: (rows > 0).then_some((1, rows)),
            heading_path: self.headings.path(),
            ..Place::lines(self.table_start, last)
        };
        let name = format!("table {}", self.document.tables.len() + 1);
        self.document.push_table(table.finish(name, place));
    }

    fn front_matter(&mut self) {
        let text = std::mem::take(&mut self.text);
        for (key, value) in front_matter(&text) {
            if key == "title"
                && let Value::String(title) = &value
            {
                self.document.title = Some(title.clone());
            }
            self.document.metadata.insert(key, value);
        }
        self.document
            .metadata
            .insert("front_matter".to_owned(), json!(text.trim_end()));
    }
}

/// The plain part of YAML and TOML front matter: `key: value`, `key = value`, and lists of plain values.
fn front_matter(text: &str) -> Vec<(String, Value)> {
    let unquote = |value: &str| value.trim().trim_matches(['"', '\'']).to_owned();
    let mut entries: Vec<(String, Value)> = Vec::new();
    for line in text.lines() {
        if let Some(item) = line.trim_start().strip_prefix("- ") {
            match entries.last_mut() {
                Some((_, Value::Array(items))) => items.push(Value::String(unquote(item))),
                Some((_, value)) if *value == json!("") => *value = json!([unquote(item)]),
                _ => {}
            }
            continue;
        }
        if line.starts_with([' ', '\t', '#']) {
            continue;
        }
        let Some((key, value)) = line.split_once([':', '=']) else {
            continue;
        };
        let value = value.trim();
        let list = value
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let value = match list {
            Some(items) => items
                .split(',')
                .map(|item| Value::String(unquote(item)))
                .collect(),
            None => Value::String(unquote(value)),
        };
        entries.push((key.trim().to_owned(), value));
    }
    entries
}
