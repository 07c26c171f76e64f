//! From characters and control words to blocks.

use serde_json::{Value, json};

use crate::document::{Block, BlockKind, Document, Heading, HeadingStack};
use crate::place::Place;
use crate::table::{Builder, Table};

/// The most links that are listed.
const LINKS_MAX: usize = 1_000;
/// The most cells in a row.
const CELLS_MAX: usize = 1_024;
/// The most characters of a fact such as the author.
const FACT_CHARACTERS_MAX: usize = 10_000;

/// A first paragraph up to this long, in bytes, that is no sentence is the title.
const TITLE_BYTES_MAX: usize = 120;

/// Gathers blocks while the tokens pass.
pub(super) struct Content {
    pub(super) line: u64,
    /// The level of the open paragraph, if it is a heading.
    pub(super) heading: Option<u8>,
    pub(super) pictures: u64,
    pub(super) objects: u64,
    /// How many pieces of hidden or deleted text there are.
    pub(super) hidden: u64,
    rows_max: u64,
    text: String,
    first_line: u64,
    is_item: bool,
    level: u8,
    in_table: bool,
    rows: Vec<Vec<String>>,
    row: Vec<String>,
    head_rows: usize,
    row_is_head: bool,
    table_line: u64,
    /// The paragraph around an open note, and the notes that wait for its end.
    outer: Option<(String, u64)>,
    notes: Vec<(String, u64)>,
    aside: String,
    date: [i32; 5],
    facts: Vec<(&'static str, String)>,
    links: Vec<Value>,
    blocks: Vec<Found>,
}

enum Found {
    Block(Block),
    Table(Table),
}

impl Content {
    pub(super) fn new(rows_max: u64) -> Self {
        Self {
            line: 1,
            heading: None,
            pictures: 0,
            objects: 0,
            hidden: 0,
            rows_max,
            text: String::new(),
            first_line: 1,
            is_item: false,
            level: 1,
            in_table: false,
            rows: Vec::new(),
            row: Vec::new(),
            head_rows: 0,
            row_is_head: false,
            table_line: 1,
            outer: None,
            notes: Vec::new(),
            aside: String::new(),
            date: [0; 5],
            facts: Vec::new(),
            links: Vec::new(),
            blocks: Vec::new(),
        }
    }

    /// Characters of the body or of a note.
    pub(super) fn text(&mut self, text: &str) {
        if self.text.is_empty() {
            self.first_line = self.line;
        }
        self.text.push_str(text);
    }

    /// Characters of a fact or of a field's instruction.
    pub(super) fn aside(&mut self, text: &str) {
        if self.aside.len() < FACT_CHARACTERS_MAX {
            self.aside.push_str(text);
        }
    }

    /// A control word that shapes paragraphs and tables.
    pub(super) fn control(&mut self, word: &str, number: Option<i32>) {
        match word {
            "par" | "sect" | "page" => self.end_paragraph(),
            "pard" => {
                self.heading = None;
                self.is_item = false;
                self.level = 1;
                self.in_table = false;
            }
            "intbl" => self.in_table = true,
            "outlinelevel" => {
                let level = number.and_then(|level| u8::try_from(level).ok());
                self.heading = level.filter(|level| *level < 9).map(|level| level + 1);
            }
            "ls" => self.is_item = number.is_some_and(|list| list > 0),
            "ilvl" => {
                self.level = number
                    .and_then(|level| u8::try_from(level).ok())
                    .unwrap_or(0)
                    .saturating_add(1);
            }
            "trowd" => {
                self.in_table = true;
                self.row_is_head = false;
            }
            "trhdr" => self.row_is_head = true,
            "cell" => self.end_cell(),
            "row" => self.end_row(),
            _ => {}
        }
    }

    fn end_paragraph(&mut self) {
        if self.outer.is_some() {
            self.text.push('\n');
            return;
        }
        if self.in_table {
            if !self.text.is_empty() {
                self.text.push('\n');
            }
            return;
        }
        self.end_table();
        let text = std::mem::take(&mut self.text);
        let text = text.trim();
        if !text.is_empty() {
            let (kind, level) = match self.heading {
                Some(level) => (BlockKind::Heading, Some(level)),
                None if self.is_item || is_marked(text) => (BlockKind::ListItem, Some(self.level)),
                None => (BlockKind::Paragraph, None),
            };
            let text = text.strip_prefix("•\t").unwrap_or(text).to_owned();
            self.block(kind, &text, level, (self.first_line, self.line));
        }
        for (note, line) in std::mem::take(&mut self.notes) {
            self.block(BlockKind::Quote, note.trim(), None, (line, line));
        }
    }

    fn block(&mut self, kind: BlockKind, text: &str, level: Option<u8>, lines: (u64, u64)) {
        self.blocks.push(Found::Block(Block {
            kind,
            text: text.to_owned(),
            level,
            table: None,
            place: Place::lines(lines.0, lines.1),
        }));
    }

    fn end_cell(&mut self) {
        let text = std::mem::take(&mut self.text);
        if self.rows.is_empty() && self.row.is_empty() {
            self.table_line = self.first_line.min(self.line);
        }
        if self.row.len() < CELLS_MAX {
            self.row.push(text.trim().to_owned());
        } else if let Some(last) = self.row.last_mut() {
            last.push(' ');
            last.push_str(text.trim());
        }
    }

    fn end_row(&mut self) {
        if !self.text.trim().is_empty() {
            self.end_cell();
        }
        if self.row_is_head && self.head_rows == self.rows.len() {
            self.head_rows += 1;
        }
        if !self.row.is_empty() {
            self.rows.push(std::mem::take(&mut self.row));
        }
        // Until the next row says so, what follows is not part of the table.
        self.in_table = false;
    }

    fn end_table(&mut self) {
        if !self.row.is_empty() {
            self.end_row();
        }
        if self.rows.is_empty() {
            return;
        }
        let mut rows = std::mem::take(&mut self.rows).into_iter();
        let headers = if std::mem::take(&mut self.head_rows) > 0 {
            rows.next().unwrap_or_default()
        } else {
            Vec::new()
        };
        let mut builder = Builder::new(headers, self.rows_max);
        for row in rows {
            builder.push(row.iter().map(String::as_str));
        }
        let count = builder.row_count();
        let place = Place {
            rows: (count > 0).then_some((1, count)),
            ..Place::lines(self.table_line, self.line)
        };
        self.blocks.push(Found::Table(builder.finish("", place)));
        for (note, line) in std::mem::take(&mut self.notes) {
            self.block(BlockKind::Quote, note.trim(), None, (line, line));
        }
    }

    /// What follows is a note.
    pub(super) fn begin_note(&mut self) {
        if self.outer.is_none() {
            self.outer = Some((std::mem::take(&mut self.text), self.first_line));
        }
    }

    /// The note is complete.
    pub(super) fn end_note(&mut self) {
        if let Some((text, line)) = self.outer.take() {
            let note = std::mem::replace(&mut self.text, text);
            self.first_line = line;
            if !note.trim().is_empty() {
                self.notes.push((note, self.line));
            }
        }
    }

    /// A part of a date in the info group.
    pub(super) fn date_part(&mut self, word: &str, number: i32) {
        let part = ["yr", "mo", "dy", "hr", "min"]
            .iter()
            .position(|part| *part == word);
        if let Some(part) = part.and_then(|part| self.date.get_mut(part)) {
            *part = number;
        }
    }

    /// A fact is complete; the first of its name counts.
    pub(super) fn end_fact(&mut self, name: &'static str) {
        let text = std::mem::take(&mut self.aside);
        let date = std::mem::take(&mut self.date);
        let [year, month, day, hour, minute] = date;
        let text = if matches!(name, "created" | "modified") && year > 0 {
            format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}")
        } else {
            text.trim().to_owned()
        };
        if !text.is_empty() && !self.facts.iter().any(|(known, _)| *known == name) {
            self.facts.push((name, text));
        }
    }

    /// The instruction of a field is complete.
    pub(super) fn end_field(&mut self) {
        let instruction = std::mem::take(&mut self.aside);
        if let Some(address) = instruction.trim().strip_prefix("HYPERLINK") {
            let address = address.trim();
            let quoted = address
                .strip_prefix('"')
                .and_then(|rest| rest.split('"').next());
            let address = quoted
                .or_else(|| address.split_whitespace().next())
                .unwrap_or_default();
            if !address.is_empty() && !address.starts_with('\\') && self.links.len() < LINKS_MAX {
                self.links.push(json!({ "href": address }));
            }
        }
    }

    /// Hand over what was found.
    pub(super) fn finish(mut self, document: &mut Document) {
        self.end_note();
        self.in_table = false;
        self.end_paragraph();
        let mut headings = HeadingStack::default();
        for found in std::mem::take(&mut self.blocks) {
            match found {
                Found::Table(mut table) => {
                    table.name = format!("table {}", document.tables.len() + 1);
                    table.place.heading_path = headings.path();
                    document.push_table(table);
                }
                Found::Block(mut block) => {
                    let level = block.level.filter(|_| block.kind == BlockKind::Heading);
                    if let Some(level) = level {
                        headings.enter(level, &block.text);
                    }
                    block.place.heading_path = headings.path();
                    match level {
                        Some(level) => document.push_heading(Heading {
                            level,
                            text: block.text,
                            place: block.place,
                        }),
                        None => document.blocks.push(block),
                    }
                }
            }
        }
        self.note(document);
    }

    /// Note the facts, the links, and what was left out.
    fn note(self, document: &mut Document) {
        let title = self.facts.iter().find(|(name, _)| *name == "title");
        let opening = document.blocks.first().filter(|block| {
            let text = block.text.as_str();
            let is_short = text.len() <= TITLE_BYTES_MAX && !text.contains('\n');
            is_short && block.kind == BlockKind::Paragraph && !text.ends_with(['.', ',', ';', ':'])
        });
        document.title = title
            .map(|(_, title)| title.clone())
            .or_else(|| {
                let stands_alone = document.blocks.len() > 1;
                opening
                    .filter(|_| stands_alone)
                    .map(|block| block.text.clone())
            })
            .or_else(|| document.outline.first().map(|heading| heading.text.clone()));
        for (name, value) in self.facts {
            document.metadata.insert(name.to_owned(), value.into());
        }
        if !self.links.is_empty() {
            document
                .metadata
                .insert("links".to_owned(), Value::Array(self.links));
        }
        let warnings = [
            (
                self.pictures,
                "text_in_pictures",
                "pictures; text in them is not extracted",
            ),
            (
                self.objects,
                "objects_left_out",
                "embedded objects; what they hold is not extracted",
            ),
            (
                self.hidden,
                "hidden_text_left_out",
                "pieces of hidden or deleted text, which were left out",
            ),
        ];
        for (count, code, what) in warnings {
            if count > 0 {
                document.warn(code, format!("there are {count} {what}"), Place::default());
            }
        }
    }
}

/// Whether a paragraph begins with a bullet or a number and a tab: a list by hand.
fn is_marked(text: &str) -> bool {
    let Some((mark, _)) = text.split_once('\t') else {
        return false;
    };
    let number = mark.trim_end_matches(['.', ')']);
    mark == "•"
        || (number.len() < mark.len()
            && number.len() <= 3
            && number.bytes().all(|byte| byte.is_ascii_digit()))
}
