//! What parsing yields.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::format::Format;
use crate::parsing_type::ParsingType;
use crate::part::{Part, PartStatus};
use crate::place::Place;
use crate::sniff::Detected;
use crate::table::Table;
use crate::text::shorten;

/// The most warnings a document carries; the rest is counted in a last one.
const WARNINGS_MAX: usize = 200;

/// The most that is kept of the text of one file, or of the rows of its tables, in bytes: about what still fits into
/// [`DOCUMENT_BYTES_MAX`]. What lies beyond is counted and warned of.
pub(crate) const KEPT_BYTES_MAX: usize = 20 << 20;

/// The largest document as JSON, in bytes: what the confined child answers, what is stored, and what is read back.
pub const DOCUMENT_BYTES_MAX: u64 = 32 << 20;

/// The most characters of a heading in a path: every block below repeats it.
const PATH_CHARACTERS_MAX: usize = 200;

/// What was understood of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Document {
    /// What the bytes are.
    pub format: Format,
    /// The short name of the format, such as `pdf`.
    pub file_type: String,
    /// The media type.
    pub mime_type: String,
    /// The reading the file was given.
    pub parsing_type: ParsingType,
    /// The title, where the file states one.
    pub title: Option<String>,
    /// The character encoding of the source by its WHATWG name, for text formats.
    pub encoding: Option<String>,
    /// What the file says about itself, and facts such as the delimiter of a CSV.
    pub metadata: BTreeMap<String, Value>,
    /// The headings in reading order.
    pub outline: Vec<Heading>,
    /// The content in reading order. A table stands among the blocks as one that names it.
    pub blocks: Vec<Block>,
    /// The tables.
    pub tables: Vec<Table>,
    /// How many pages there are, where the format has pages.
    pub pages: Option<u32>,
    /// Rows of the tables of a data file, otherwise blocks.
    pub record_count: u64,
    /// The files within it, for an archive, an e-mail with attachments or a mailbox: all of them, read or not. What was
    /// read of them stands among the blocks, the tables and the outline, with its [`Place::part`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// What could not be read as it stands.
    pub warnings: Vec<Warning>,
    /// SHA-256 of all the fields above as JSON, in lower-case hexadecimal.
    pub fingerprint: String,
}

/// A heading of the outline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Heading {
    /// 1 for the outermost.
    pub level: u8,
    /// What it says.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

/// A piece of content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Block {
    /// What kind of piece.
    pub kind: BlockKind,
    /// Its text; empty for a table, whose text is in its rows.
    pub text: String,
    /// A heading's level, or how deep a list item is nested, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
    /// The table's position in [`Document::tables`], for a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<u32>,
    /// Where it stands.
    pub place: Place,
}

/// What kind of piece a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// Running text.
    Paragraph,
    /// A heading, also in the outline.
    Heading,
    /// An item of a list.
    ListItem,
    /// Text whose spaces and line ends matter.
    Code,
    /// A quotation.
    Quote,
    /// A table.
    Table,
    /// A record that is not part of a table, as `name: value` lines.
    Record,
    /// A footnote, an endnote or what a speaker notes; it follows the block that refers to it.
    Note,
    /// What a reviewer says about the block before.
    Comment,
    /// A running header or footer, once.
    Margin,
}

/// Something that could not be read as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Warning {
    /// A short stable code, such as `ragged_row`.
    pub code: String,
    /// What happened, for a person.
    pub message: String,
    /// Where.
    pub place: Place,
}

impl Document {
    /// A document of which only the format is known.
    pub(crate) fn new(detected: Detected, parsing_type: ParsingType) -> Self {
        Self {
            format: detected.format,
            file_type: detected.file_type.to_owned(),
            mime_type: detected.mime_type.to_owned(),
            parsing_type,
            title: None,
            encoding: None,
            metadata: BTreeMap::new(),
            outline: Vec::new(),
            blocks: Vec::new(),
            tables: Vec::new(),
            pages: None,
            record_count: 0,
            parts: Vec::new(),
            warnings: Vec::new(),
            fingerprint: String::new(),
        }
    }

    /// All of the text in reading order. Blocks are a blank line apart, the cells of a row a tab.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for block in &self.blocks {
            if !text.is_empty() {
                text.push_str("\n\n");
            }
            match block
                .table
                .and_then(|index| self.tables.get(index as usize))
            {
                Some(table) => table.write_text(&mut text),
                None => text.push_str(&block.text),
            }
        }
        text
    }

    /// A few facts in one line, such as `3 pages, 2 tables, 1,204 words, “Supply agreement”`.
    pub fn summary(&self) -> String {
        let words = self.text().split_whitespace().count() as u64;
        let rows: u64 = self.tables.iter().map(|table| table.row_count).sum();
        let mut facts = Vec::new();
        if let Some(pages) = self.pages {
            facts.push(counted(pages.into(), "page"));
        }
        if !self.parts.is_empty() {
            facts.push(counted(self.parts.len() as u64, "part"));
            let unread = self
                .parts
                .iter()
                .filter(|part| part.status != PartStatus::Parsed);
            match unread.count() {
                0 => {}
                unread => facts.push(format!("{unread} of them not read")),
            }
        }
        if !self.tables.is_empty() {
            facts.push(counted(self.tables.len() as u64, "table"));
            facts.push(counted(rows, "row"));
        }
        if let [table] = self.tables.as_slice() {
            facts.push(counted(table.columns.len() as u64, "column"));
        }
        if !self.outline.is_empty() {
            facts.push(counted(self.outline.len() as u64, "heading"));
        }
        facts.push(counted(words, "word"));
        if !self.warnings.is_empty() {
            facts.push(counted(self.warnings.len() as u64, "warning"));
        }
        if let Some(title) = &self.title {
            facts.push(format!("“{title}”"));
        }
        facts.join(", ")
    }

    /// Add a block.
    pub(crate) fn push(&mut self, kind: BlockKind, text: impl Into<String>, place: Place) {
        self.blocks.push(Block {
            kind,
            text: text.into(),
            level: None,
            table: None,
            place,
        });
    }

    /// Add a table at this point of the reading order.
    pub(crate) fn push_table(&mut self, table: Table) {
        let kept = table.rows.len() as u64;
        if table.row_count > kept {
            let message = format!(
                "the first {kept} of {} rows of `{}` are kept; all were counted and typed",
                table.row_count, table.name
            );
            self.warn("rows_left_out", message, table.place.clone());
        }
        self.blocks.push(Block {
            kind: BlockKind::Table,
            text: String::new(),
            level: None,
            table: u32::try_from(self.tables.len()).ok(),
            place: table.place.clone(),
        });
        self.tables.push(table);
    }

    /// Add a heading to the outline and to the blocks. Its own text closes its place's heading path.
    pub(crate) fn push_heading(&mut self, heading: Heading) {
        self.blocks.push(Block {
            kind: BlockKind::Heading,
            text: heading.text.clone(),
            level: Some(heading.level),
            table: None,
            place: heading.place.clone(),
        });
        self.outline.push(heading);
    }

    /// Note that something could not be read as it stands.
    pub(crate) fn warn(&mut self, code: &str, message: impl Into<String>, place: Place) {
        match self.warnings.len() {
            0..WARNINGS_MAX => self.warnings.push(Warning {
                code: code.to_owned(),
                message: message.into(),
                place,
            }),
            WARNINGS_MAX => self.warnings.push(Warning {
                code: "more_warnings".to_owned(),
                message: format!("only the first {WARNINGS_MAX} warnings are listed"),
                place: Place::default(),
            }),
            _ => {}
        }
    }

    /// Note something that was only known at the end, ahead of all else.
    pub(crate) fn warn_first(&mut self, code: &str, message: impl Into<String>, place: Place) {
        let warning = Warning {
            code: code.to_owned(),
            message: message.into(),
            place,
        };
        self.warnings.insert(0, warning);
    }

    /// Whether one more warning would be listed: lets a parser skip making up its text.
    pub(crate) fn lists_warnings(&self) -> bool {
        self.warnings.len() <= WARNINGS_MAX
    }

    /// Fill in what follows from the rest.
    pub(crate) fn finish(&mut self) {
        if self.record_count == 0 {
            self.record_count = self.blocks.len() as u64;
        }
        self.fingerprint.clear();
        let mut hasher = Hasher(Sha256::new());
        // Only a failing writer or a map with keys that are not text makes this fail, and there is neither.
        if serde_json::to_writer(io::BufWriter::with_capacity(1 << 16, &mut hasher), self).is_ok() {
            for byte in hasher.0.finalize() {
                let _ = write!(self.fingerprint, "{byte:02x}");
            }
        }
    }
}

/// Tracks which headings stand above the current point.
#[derive(Debug, Default)]
pub(crate) struct HeadingStack(Vec<(u8, String)>);

impl HeadingStack {
    /// Enter the section of a heading.
    pub(crate) fn enter(&mut self, level: u8, text: &str) {
        while self.0.last().is_some_and(|(above, _)| *above >= level) {
            self.0.pop();
        }
        self.0.push((level, shorten(text, PATH_CHARACTERS_MAX)));
    }

    /// The texts of the headings above, outermost first.
    pub(crate) fn path(&self) -> Vec<String> {
        self.0.iter().map(|(_, text)| text.clone()).collect()
    }
}

struct Hasher(Sha256);

impl io::Write for &mut Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `1 page`, `1,204 words`.
fn counted(count: u64, noun: &str) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text.push(' ');
    text.push_str(noun);
    if count != 1 {
        text.push('s');
    }
    text
}
