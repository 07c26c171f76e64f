//! One page of what was read of a file: bounded, in reading order, with the place where the next page begins.

use std::collections::BTreeMap;

use civitas_documents::{Block, BlockKind, Document, ParsingType, Part, Place, Table, Warning};
use civitas_intent::prelude::*;

use crate::preview::{ShownColumn, cells, shorten};

/// About how much one page holds, in bytes.
const PAGE_BYTES: usize = 512 * 1024;
/// Columns of a table and cells of a row that are shown.
const COLUMNS_MAX: usize = 1_000;
/// Characters of a cell in a row that is too long for a page of its own.
const CUT_CELL_CHARACTERS: usize = 500;
/// Headings of the outline, and characters of each.
const HEADINGS_MAX: usize = 500;
const HEADING_CHARACTERS: usize = 300;
/// Files within the file.
const PARTS_MAX: usize = 500;
/// The document's own facts, and characters of each.
const FACTS_MAX: usize = 100;
const FACT_CHARACTERS: usize = 2_000;
/// What a block or a row takes beside its text.
const FRAME_BYTES: usize = 64;

/// What was read of a file, or a page of it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ContentPage {
    /// The reading the file was given.
    parsing_type: ParsingType,
    /// The title, where the file states one.
    title: Option<String>,
    /// Rows of the tables of a data file, otherwise blocks of content.
    record_count: u64,
    /// The text of this page's blocks, a blank line apart. Tables are in `structured_data`.
    text_content: String,
    /// This page's blocks in reading order, each with its place in the file.
    blocks: Vec<PageBlock>,
    /// This page's tables, or the rows of them that are on this page.
    structured_data: Vec<PageTable>,
    /// The headings, up to 500 of them; on the first page only.
    structure: Vec<PageHeading>,
    /// How many headings there are in all.
    heading_count: u64,
    /// The files within it, read or not, up to 500 of them; on the first page only.
    parts: Vec<Part>,
    /// How many files within it there are in all.
    part_count: u64,
    /// What the file says about itself; on the first page only.
    metadata: BTreeMap<String, Value>,
    /// What could not be read as it stands; on the first page only.
    warnings: Vec<Warning>,
    /// How many blocks there are in all.
    block_count: u64,
    /// Where the next page begins: send both numbers to get it. Null on the last page.
    next: Option<Cursor>,
}

/// Where a page begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Cursor {
    /// The block, counted from 0.
    pub(crate) offset: u64,
    /// How far into that block: rows for a table, characters for anything else.
    pub(crate) within: u64,
}

/// A block, or the part of it that is on this page.
#[derive(Debug, Serialize, JsonSchema)]
struct PageBlock {
    /// Its position among all blocks, from 0.
    index: u64,
    /// What kind of piece.
    kind: BlockKind,
    /// Its text; empty for a table.
    text: String,
    /// Where it stands in the file.
    place: Place,
}

/// A table, or the rows of it that are on this page.
#[derive(Debug, Serialize, JsonSchema)]
struct PageTable {
    /// The position of its block among all blocks, from 0.
    block: u64,
    /// Its caption, or where it was found.
    name: String,
    /// Its columns, up to 1,000 of them.
    columns: Vec<ShownColumn>,
    /// How many columns there are.
    column_count: u64,
    /// Rows, cells as they are written in the file; up to 1,000 cells each.
    rows: Vec<Vec<String>>,
    /// The number of the first of these rows, from 1.
    first_row: u64,
    /// How many rows the file's table has.
    row_count: u64,
    /// How many of them were kept when the file was read; see `rows_max` of `parse_content`.
    rows_kept: u64,
    /// Whether the cells of a row that is too long for one page were cut to 500 characters.
    cells_cut: bool,
    /// Where it stands in the file.
    place: Place,
}

/// A heading of the outline.
#[derive(Debug, Serialize, JsonSchema)]
struct PageHeading {
    /// 1 for the outermost.
    level: u8,
    /// What it says.
    text: String,
    /// The page it stands on, where the format has pages.
    page: Option<u32>,
    /// The file within the file that it stands in, outermost first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    part: Vec<String>,
}

impl ContentPage {
    /// Where the next page begins.
    pub(crate) const fn next(&self) -> Option<Cursor> {
        self.next
    }

    /// The page of a document that begins at `start`.
    pub(crate) fn of(document: &Document, start: Cursor) -> Self {
        let mut page = Self {
            parsing_type: document.parsing_type,
            title: document
                .title
                .as_deref()
                .map(|title| shorten(title, HEADING_CHARACTERS)),
            record_count: document.record_count,
            text_content: String::new(),
            blocks: Vec::new(),
            structured_data: Vec::new(),
            structure: Vec::new(),
            heading_count: document.outline.len() as u64,
            parts: Vec::new(),
            part_count: document.parts.len() as u64,
            metadata: BTreeMap::new(),
            warnings: Vec::new(),
            block_count: document.blocks.len() as u64,
            next: None,
        };
        if start == Cursor::default() {
            page.front_matter(document);
        }
        page.fill(document, start);
        page
    }

    fn front_matter(&mut self, document: &Document) {
        let headings = document.outline.iter().take(HEADINGS_MAX);
        self.structure = headings
            .map(|heading| PageHeading {
                level: heading.level,
                text: shorten(&heading.text, HEADING_CHARACTERS),
                page: heading.place.page,
                part: heading.place.part.clone(),
            })
            .collect();
        self.metadata = facts(&document.metadata);
        let parts = document.parts.iter().take(PARTS_MAX);
        self.parts = parts
            .map(|part| Part {
                title: part
                    .title
                    .as_deref()
                    .map(|title| shorten(title, HEADING_CHARACTERS)),
                // The facts of one file within are for the page of that file.
                metadata: BTreeMap::new(),
                ..part.clone()
            })
            .collect();
        self.warnings.clone_from(&document.warnings);
    }

    fn fill(&mut self, document: &Document, start: Cursor) {
        let mut room = PAGE_BYTES;
        let mut within = usize::try_from(start.within).unwrap_or(usize::MAX);
        let skipped = usize::try_from(start.offset).unwrap_or(usize::MAX);
        for (index, block) in document.blocks.iter().enumerate().skip(skipped) {
            let table = block
                .table
                .and_then(|index| document.tables.get(index as usize));
            let stopped = match table {
                Some(table) => self.table(index as u64, block, table, within, &mut room),
                None => self.text(index as u64, block, within, &mut room),
            };
            if let Some(within) = stopped {
                self.next = Some(Cursor {
                    offset: index as u64,
                    within: within as u64,
                });
                return;
            }
            within = 0;
        }
    }

    /// Adds a block from its character `within` on; answers where it stopped when there was no room for the rest.
    fn text(
        &mut self,
        index: u64,
        block: &Block,
        within: usize,
        room: &mut usize,
    ) -> Option<usize> {
        if !self.take(room, frame(&block.place)) {
            return Some(within);
        }
        let begin = block.text.char_indices().nth(within);
        let rest = begin.and_then(|(at, _)| block.text.get(at..));
        let rest = rest.unwrap_or_default();
        // The text is there twice: in its block and in the running text.
        let end = rest.floor_char_boundary(*room / 2);
        let piece = rest.get(..end).unwrap_or_default();
        if piece.is_empty() && !rest.is_empty() {
            return Some(within);
        }
        *room -= piece.len() * 2;
        if !self.text_content.is_empty() {
            self.text_content.push_str("\n\n");
        }
        self.text_content.push_str(piece);
        self.blocks.push(PageBlock {
            index,
            kind: block.kind,
            text: piece.to_owned(),
            place: block.place.clone(),
        });
        (piece.len() < rest.len()).then(|| within + piece.chars().count())
    }

    /// Adds a table from its row `within` on; answers where it stopped when there was no room for the rest.
    fn table(
        &mut self,
        index: u64,
        block: &Block,
        table: &Table,
        within: usize,
        room: &mut usize,
    ) -> Option<usize> {
        let names: usize = table
            .columns
            .iter()
            .take(COLUMNS_MAX)
            .map(|column| column.name.len().min(HEADING_CHARACTERS) + FRAME_BYTES)
            .sum();
        if !self.take(room, frame(&block.place) + names) {
            return Some(within);
        }
        let is_first = self.blocks.is_empty();
        let mut rows = Vec::new();
        let mut cells_cut = false;
        let mut stopped = None;
        for (number, row) in table.rows.iter().enumerate().skip(within) {
            let size = row.iter().map(|cell| cell.len() + 4).sum::<usize>();
            if size <= *room {
                *room -= size;
                rows.push(cells(row, COLUMNS_MAX, usize::MAX));
            } else if rows.is_empty() && is_first {
                // A row that no page has room for: better cut than never shown.
                *room = 0;
                cells_cut = true;
                rows.push(cells(row, COLUMNS_MAX, CUT_CELL_CHARACTERS));
            } else {
                stopped = Some(number);
                break;
            }
        }
        if rows.is_empty() && stopped.is_some() {
            return stopped;
        }
        self.blocks.push(PageBlock {
            index,
            kind: block.kind,
            text: String::new(),
            place: block.place.clone(),
        });
        self.structured_data.push(PageTable {
            block: index,
            name: shorten(&table.name, HEADING_CHARACTERS),
            columns: ShownColumn::of(table, COLUMNS_MAX),
            column_count: table.columns.len() as u64,
            rows,
            first_row: within as u64 + 1,
            row_count: table.row_count,
            rows_kept: table.rows.len() as u64,
            cells_cut,
            place: table.place.clone(),
        });
        stopped
    }

    /// Takes room for a block; the first block of a page always gets in.
    fn take(&self, room: &mut usize, size: usize) -> bool {
        if size > *room && !self.blocks.is_empty() {
            return false;
        }
        // Half of an empty page stays free for what the block holds.
        *room = room.saturating_sub(size).max(if self.blocks.is_empty() {
            PAGE_BYTES / 2
        } else {
            0
        });
        true
    }
}

/// The first facts, each cut to a size that can be shown.
fn facts(metadata: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let facts = metadata.iter().take(FACTS_MAX);
    facts
        .map(|(name, value)| {
            let text = value.to_string();
            let value = match text.len() {
                0..=FACT_CHARACTERS => value.clone(),
                _ => Value::String(shorten(&text, FACT_CHARACTERS)),
            };
            (shorten(name, HEADING_CHARACTERS), value)
        })
        .collect()
}

/// What a block takes beside its text.
fn frame(place: &Place) -> usize {
    FRAME_BYTES + serde_json::to_string(place).map_or(0, |text| text.len())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use civitas_documents::{Request, parse};

    use super::*;

    fn document(name: &str, bytes: &[u8]) -> Document {
        parse(&Request::new(name), bytes).unwrap()
    }

    /// Every page of a document, from its beginning.
    fn pages(document: &Document) -> Vec<ContentPage> {
        let mut pages = vec![ContentPage::of(document, Cursor::default())];
        while let Some(next) = pages.last().unwrap().next() {
            assert!(pages.len() < 100, "the pages do not come to an end");
            pages.push(ContentPage::of(document, next));
        }
        for page in &pages {
            let size = serde_json::to_string(page).unwrap().len();
            assert!(size < 2 * PAGE_BYTES, "a page has {size} bytes");
        }
        pages
    }

    #[test]
    fn a_small_document_is_one_page() {
        let document = document("a.md", b"# One\n\ntwo\n\n| a | b |\n|---|---|\n| 1 | 2 |\n");
        let pages = pages(&document);
        assert_eq!(pages.len(), 1);
        assert_eq!(pages[0].text_content, "One\n\ntwo");
        assert_eq!(pages[0].structured_data[0].rows, [["1", "2"]]);
        assert_eq!(pages[0].structure[0].text, "One");
    }

    #[test]
    fn the_first_page_lists_the_files_within() {
        let mail = b"From: a@b.example\nMessage-ID: <1@b.example>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nHello\n--x\nContent-Type: text/csv; name=prices.csv\n\nitem,price\nbolt,2\n--x--\n";
        let document = document("a.eml", mail);
        let pages = pages(&document);
        assert_eq!((pages[0].part_count, pages[0].parts.len()), (1, 1));
        assert_eq!(pages[0].parts[0].path, ["prices.csv"]);
        assert_eq!(pages[0].structured_data[0].place.part, ["prices.csv"]);
        assert_eq!(pages[0].structure[0].part, ["prices.csv"]);
    }

    #[test]
    fn the_pages_of_a_long_table_hold_every_row_once() {
        let mut text = String::from("n;text\n");
        for row in 0..9_000 {
            writeln!(text, "{row};{}", "x".repeat(200)).unwrap();
        }
        let document = document("a.csv", text.as_bytes());
        let pages = pages(&document);
        assert!(pages.len() > 2);
        let numbers: Vec<String> = pages
            .iter()
            .flat_map(|page| &page.structured_data)
            .flat_map(|table| table.rows.iter().map(|row| row[0].clone()))
            .collect();
        let expected: Vec<String> = (0..9_000).map(|row| row.to_string()).collect();
        assert_eq!(numbers, expected);
        assert!(pages[1].structure.is_empty() && pages[1].warnings.is_empty());
    }

    #[test]
    fn the_pages_of_one_long_paragraph_hold_every_character_once() {
        let text = "größe ".repeat(200_000);
        let document = document("a.txt", text.as_bytes());
        let whole: String = document.blocks.iter().map(|b| b.text.as_str()).collect();
        let pages = pages(&document);
        assert!(pages.len() > 2);
        let joined: String = pages
            .iter()
            .flat_map(|page| &page.blocks)
            .map(|block| block.text.as_str())
            .collect();
        assert!(joined == whole, "the pages hold another text");
    }

    #[test]
    fn a_row_too_long_for_any_page_is_cut_and_says_so() {
        let text = format!("a,b\n{},2\n3,4\n", "x".repeat(PAGE_BYTES * 2));
        let document = document("a.csv", text.as_bytes());
        let pages = pages(&document);
        let table = &pages[0].structured_data[0];
        assert!(table.cells_cut && table.rows[0][0].ends_with('…'));
        let last = pages.last().unwrap().structured_data.last().unwrap();
        assert_eq!(last.rows.last().unwrap(), &["3", "4"]);
    }

    #[test]
    fn a_page_beyond_the_end_is_empty() {
        let document = document("a.txt", b"one");
        let page = ContentPage::of(
            &document,
            Cursor {
                offset: u64::MAX,
                within: u64::MAX,
            },
        );
        assert!(page.blocks.is_empty() && page.next.is_none());
    }
}
