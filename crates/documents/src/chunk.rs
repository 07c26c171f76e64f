//! Pieces for search.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::{Block, BlockKind, Document};
use crate::place::Place;
use crate::table::Table;
use crate::text::shorten;

/// A chunk is closed at the next good point once it is this long, in bytes.
const CHUNK_BYTES_GOAL: usize = 800;
/// No chunk is longer than this, in bytes.
const CHUNK_BYTES_MAX: usize = 1_500;

/// The most chunks of a document, which is up to 60 MB of text. Rows repeat the names of their columns, so that a document
/// of bounded size could otherwise become any number of them.
pub const CHUNKS_MAX: usize = 40_000;

/// The most characters of a column's name in a chunk: every row repeats it.
const LABEL_CHARACTERS_MAX: usize = 100;

/// A piece of a document that is found and shown as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Chunk {
    /// Its position, from 0.
    pub index: u32,
    /// What it says. Rows of a table are `column: value` pairs, one row a line.
    pub text: String,
    /// Where it stands.
    pub place: Place,
    /// The headings above, outermost first, ` › ` between them; a table's name where there is none.
    pub heading: String,
}

/// Cut a document into chunks of about 800 to 1,500 bytes: stable, in order, covering all of its text up to
/// [`CHUNKS_MAX`] of them.
///
/// No chunk reaches across a page, a file within the file, or across one of the document's main headings: those of the outermost level that
/// occurs more than once, and all above it.
pub fn chunks(document: &Document) -> Vec<Chunk> {
    let mut cutter = Cutter {
        main_level: main_level(document),
        chunks: Vec::new(),
        text: String::new(),
        place: Place::default(),
        deepest_heading: None,
    };
    for block in &document.blocks {
        if cutter.is_full() {
            break;
        }
        match block
            .table
            .and_then(|index| document.tables.get(index as usize))
        {
            Some(table) => cutter.table(table),
            None => cutter.block(block),
        }
    }
    cutter.close();
    cutter.chunks
}

fn main_level(document: &Document) -> u8 {
    let mut counts = [0_usize; 256];
    for heading in &document.outline {
        counts[usize::from(heading.level)] += 1;
    }
    let repeated = counts.iter().position(|count| *count > 1);
    repeated
        .and_then(|level| u8::try_from(level).ok())
        .unwrap_or(1)
}

struct Cutter {
    main_level: u8,
    chunks: Vec<Chunk>,
    text: String,
    place: Place,
    /// While the open chunk holds nothing but headings, the level of the last one: a section's title stays with it.
    deepest_heading: Option<u8>,
}

impl Cutter {
    fn block(&mut self, block: &Block) {
        if self.must_cut_before(block) {
            self.close();
        }
        if self.text.is_empty() || self.deepest_heading.is_some() {
            self.deepest_heading = block.level.filter(|_| block.kind == BlockKind::Heading);
        }
        let separator = if block.kind == BlockKind::ListItem {
            "\n"
        } else {
            "\n\n"
        };
        if self.text.len() + separator.len() + block.text.len() <= CHUNK_BYTES_MAX {
            self.append(separator, &block.text, &block.place);
        } else {
            self.long(block, separator);
        }
    }

    fn must_cut_before(&self, block: &Block) -> bool {
        if self.text.is_empty() {
            return false;
        }
        if is_elsewhere(&self.place, &block.place) {
            return true;
        }
        if block.kind == BlockKind::Heading {
            let level = block.level.unwrap_or(1);
            return match self.deepest_heading {
                Some(above) => level <= above,
                None => level <= self.main_level || self.text.len() >= CHUNK_BYTES_GOAL / 2,
            };
        }
        self.text.len() >= CHUNK_BYTES_GOAL
            || (self.text.len() >= CHUNK_BYTES_GOAL / 2
                && self.text.len() + block.text.len() + 2 > CHUNK_BYTES_MAX)
    }

    /// A block that does not fit: cut it at the ends of lines, sentences or words, in this order.
    fn long(&mut self, block: &Block, mut separator: &str) {
        let mut rest = block.text.as_str();
        let mut line = match block.place.lines {
            // Only where each line of the text is one of the source can a piece be told its lines.
            Some((first, last)) => {
                let breaks = memchr::memchr_iter(b'\n', rest.as_bytes()).count() as u64;
                (last - first == breaks).then_some(first)
            }
            None => None,
        };
        while !rest.is_empty() {
            let room = CHUNK_BYTES_MAX.saturating_sub(self.text.len() + separator.len());
            let end = cut(rest, room.max(CHUNK_BYTES_MAX / 8));
            let (piece, after) = rest.split_at(end);
            let mut place = block.place.clone();
            if let Some(first) = line.as_mut() {
                let breaks = memchr::memchr_iter(b'\n', piece.trim_end().as_bytes()).count() as u64;
                place.lines = Some((*first, *first + breaks));
                *first += memchr::memchr_iter(b'\n', piece.as_bytes()).count() as u64;
            }
            if self.text.len() + separator.len() + piece.len() > CHUNK_BYTES_MAX {
                self.close();
            }
            self.append(separator, piece, &place);
            rest = after;
            separator = "";
            if !rest.is_empty() {
                self.close();
            }
        }
    }

    fn table(&mut self, table: &Table) {
        let is_new_page = is_elsewhere(&self.place, &table.place);
        if self.deepest_heading.is_none() || is_new_page {
            self.close();
        }
        let names = table.columns.iter();
        let labels: Vec<_> = names
            .map(|column| shorten(&column.name, LABEL_CHARACTERS_MAX))
            .collect();
        let mut line = String::new();
        for (index, row) in table.rows.iter().enumerate() {
            if self.is_full() {
                break;
            }
            line.clear();
            write_row(&mut line, &labels, row);
            let number = index as u64 + 1;
            let place = Place {
                rows: Some((number, number)),
                ..table.place.clone()
            };
            if !self.text.is_empty() && self.text.len() + 1 + line.len() > CHUNK_BYTES_MAX {
                self.close();
            }
            let mut rest = line.as_str();
            while rest.len() > CHUNK_BYTES_MAX {
                let (piece, after) = rest.split_at(cut(rest, CHUNK_BYTES_MAX));
                self.append("\n", piece, &place);
                self.close();
                rest = after;
            }
            self.append("\n", rest, &place);
        }
        if table.rows.is_empty() {
            let names: Vec<_> = table
                .columns
                .iter()
                .map(|column| column.name.as_str())
                .collect();
            let block = Block {
                kind: BlockKind::Paragraph,
                text: names.join("; "),
                level: None,
                table: None,
                place: table.place.clone(),
            };
            self.block(&block);
        }
        let name = table.name.as_str();
        let unnamed = self.chunks.len();
        self.close();
        for chunk in self.chunks.iter_mut().skip(unnamed) {
            if chunk.heading.is_empty() {
                name.clone_into(&mut chunk.heading);
            }
        }
    }

    fn append(&mut self, separator: &str, text: &str, place: &Place) {
        if self.text.is_empty() {
            self.place = place.clone();
        } else {
            self.text.push_str(separator);
            if self.place.rows.is_none() {
                self.place.rows = place.rows;
            }
            // Below a title the section's own path says more than the title's.
            if self.deepest_heading.is_some() {
                self.place.heading_path.clone_from(&place.heading_path);
            }
            self.place.extend(place);
        }
        self.text.push_str(text);
    }

    const fn is_full(&self) -> bool {
        self.chunks.len() >= CHUNKS_MAX
    }

    fn close(&mut self) {
        self.deepest_heading = None;
        let text = std::mem::take(&mut self.text);
        let place = std::mem::take(&mut self.place);
        if text.trim().is_empty() || self.is_full() {
            return;
        }
        self.chunks.push(Chunk {
            index: u32::try_from(self.chunks.len()).unwrap_or(u32::MAX),
            text: text.trim_end().to_owned(),
            heading: place.heading_path.join(" › "),
            place,
        });
    }
}

/// Whether no chunk may reach from the one place to the other.
fn is_elsewhere(one: &Place, other: &Place) -> bool {
    one.page != other.page || one.sheet != other.sheet || one.part != other.part
}

fn write_row(line: &mut String, labels: &[String], row: &[String]) {
    for (index, cell) in row.iter().enumerate() {
        if cell.trim().is_empty() {
            continue;
        }
        if !line.is_empty() {
            line.push_str("; ");
        }
        if let Some(label) = labels.get(index) {
            line.push_str(label);
            line.push_str(": ");
        }
        line.push_str(cell);
    }
}

/// Where to cut `text` so that the first piece is at most `limit` bytes long and, if possible, ends well.
fn cut(text: &str, limit: usize) -> usize {
    if text.len() <= limit {
        return text.len();
    }
    let limit = text.floor_char_boundary(limit);
    let window = text.get(..limit).unwrap_or(text);
    let bytes = window.as_bytes();
    let enough = limit / 2;
    if let Some(end) = memchr::memrchr(b'\n', bytes).filter(|end| *end >= enough) {
        return end + 1;
    }
    let is_space = |at: &usize| bytes.get(*at).is_some_and(u8::is_ascii_whitespace);
    let sentence = memchr::memrchr3_iter(b'.', b'!', b'?', bytes)
        .map(|at| at + 1)
        .take_while(|end| *end >= enough)
        .find(is_space);
    if let Some(end) = sentence {
        return end + 1;
    }
    match memchr::memrchr(b' ', bytes).filter(|end| *end >= enough / 2) {
        Some(end) => end + 1,
        // One endless word: anything is better than nothing, and at least one character must go.
        None => limit.max(text.chars().next().map_or(1, char::len_utf8)),
    }
}
