//! One page: paragraphs, the headings that bookmarks name, and tables where their rows stand in the text.

use pdf_oxide::PdfDocument;
use pdf_oxide::object::Object;
use pdf_oxide::structure::spatial_table_detector::TableDetectionConfig;
use pdf_oxide::structure::table_extractor::Table as RuledTable;

use super::{aligned, guard, layout, resolve};
use crate::document::{Block, BlockKind, Document, Heading, HeadingStack};
use crate::place::Place;
use crate::request::Options;
use crate::table::{Builder, ColumnKind, Table, classify};

/// Reads page after page, keeping track of the section.
pub(super) struct Pages<'a> {
    pub(super) pdf: &'a PdfDocument,
    pub(super) options: &'a Options,
    pub(super) bookmarks: Vec<Heading>,
    pub(super) headings: HeadingStack,
}

/// A table, and the text of each of its rows without white space.
struct Ruled {
    table: Table,
    rows: Vec<String>,
    /// Without lines around it a table is a guess: if the text does not say the same, the text holds.
    is_drawn: bool,
}

impl Pages<'_> {
    /// Read one page; says whether it could be read.
    pub(super) fn read(&mut self, document: &mut Document, index: u32) -> bool {
        let number = index + 1;
        let position = index as usize;
        let text = match guard("its text cannot be read", || {
            self.pdf.extract_text(position)
        }) {
            Ok(text) => text,
            Err(error) => {
                let message = format!("page {number}: {error}");
                document.warn("unreadable_page", message, Place::page(number));
                return false;
            }
        };
        if text.trim().is_empty() {
            self.without_text(document, position);
            return true;
        }
        let words = guard("its words cannot be read", || {
            self.pdf.extract_words(position)
        });
        let placed = layout::lines(&words.unwrap_or_default());
        let text = layout::columns(&placed).unwrap_or(text);
        let mut tables = self.tables(number);
        self.add_aligned(&mut tables, &placed, number);
        let lines: Vec<String> = text.lines().map(clean).collect();
        self.lines(document, &lines, number, &mut tables);
        // A table whose rows read differently in the text follows the page.
        for ruled in tables.into_iter().filter(|ruled| ruled.is_drawn) {
            self.table(document, ruled.table, number);
        }
        true
    }

    /// Say why there is nothing to read on a page.
    fn without_text(&self, document: &mut Document, position: usize) {
        let images = guard("its pictures cannot be read", || {
            self.pdf
                .page_image_handles(position)
                .map(|images| images.len())
        });
        let number = u32::try_from(position + 1).unwrap_or(u32::MAX);
        let (code, message) = match images {
            _ if self.lacks_content(position) => (
                "unreadable_page",
                format!(
                    "page {number} has no text: its content is missing from the file; send an intact copy"
                ),
            ),
            Ok(0) => (
                "empty_page",
                format!("page {number} has no text: it is empty"),
            ),
            _ => (
                "page_without_text",
                format!("page {number} is a picture: its text is not extracted"),
            ),
        };
        document.warn(code, message, Place::page(number));
    }

    /// Whether a page names content that is not in the file.
    fn lacks_content(&self, position: usize) -> bool {
        let read = || {
            let page = self.pdf.get_page(position)?;
            let content = page.as_dict().and_then(|page| page.get("Contents"));
            let Some(content) = content else {
                return Ok(false);
            };
            let all = match resolve(self.pdf, content) {
                Object::Array(all) => all,
                _ => vec![content.clone()],
            };
            let is_missing =
                |content: &Object| !matches!(resolve(self.pdf, content), Object::Stream { .. });
            Ok(!all.is_empty() && all.iter().all(is_missing))
        };
        guard("its content cannot be read", read).unwrap_or(true)
    }

    /// Add the tables that are only aligned, where no drawn table holds the same row.
    fn add_aligned(&self, tables: &mut Vec<Ruled>, lines: &[layout::Line], page: u32) {
        for rows in aligned::find(lines) {
            let known = tables.iter().flat_map(|ruled| &ruled.rows);
            let first = rows
                .first()
                .map(|row| solid(&row.concat()))
                .unwrap_or_default();
            if known.into_iter().any(|row| *row == first) {
                continue;
            }
            let cells = rows.first().into_iter().flatten();
            let has_header = cells
                .clone()
                .all(|cell| classify(cell.trim()) == ColumnKind::Text);
            tables.push(self.build(rows, has_header, false, page));
        }
    }

    fn lines(
        &mut self,
        document: &mut Document,
        lines: &[String],
        page: u32,
        tables: &mut Vec<Ruled>,
    ) {
        let mut open = String::new();
        let mut at = 0;
        while let Some(line) = lines.get(at) {
            if line.trim().is_empty() {
                self.text(document, &mut open, page);
                at += 1;
                continue;
            }
            let rest = lines.get(at..).unwrap_or_default();
            let found = tables
                .iter()
                .enumerate()
                .find_map(|(index, ruled)| Some((index, ruled.length_in(rest)?)));
            if let Some((index, length)) = found {
                self.text(document, &mut open, page);
                let ruled = tables.remove(index);
                at += length;
                self.table(document, ruled.table, page);
                continue;
            }
            if let Some(level) = self.bookmark(line, page) {
                self.text(document, &mut open, page);
                self.headings.enter(level, line.trim());
                document.blocks.push(Block {
                    kind: BlockKind::Heading,
                    text: line.trim().to_owned(),
                    level: Some(level),
                    table: None,
                    place: self.place(page),
                });
            } else {
                open.push_str(line);
                open.push('\n');
            }
            at += 1;
        }
        self.text(document, &mut open, page);
    }

    fn text(&self, document: &mut Document, open: &mut String, page: u32) {
        let text = open.trim();
        if !text.is_empty() {
            document.push(BlockKind::Paragraph, text, self.place(page));
        }
        open.clear();
    }

    fn table(&self, document: &mut Document, mut table: Table, page: u32) {
        table.name = format!("table {} (page {page})", document.tables.len() + 1);
        table.place.heading_path = self.headings.path();
        document.push_table(table);
    }

    /// The level of the bookmark of this page that says what the line says.
    fn bookmark(&self, line: &str, page: u32) -> Option<u8> {
        let line = line.trim();
        let on_page = self
            .bookmarks
            .iter()
            .filter(|bookmark| bookmark.place.page == Some(page));
        on_page
            .into_iter()
            .find(|bookmark| !line.is_empty() && bookmark.text == line)
            .map(|bookmark| bookmark.level)
    }

    fn place(&self, page: u32) -> Place {
        Place {
            heading_path: self.headings.path(),
            ..Place::page(page)
        }
    }

    fn tables(&self, page: u32) -> Vec<Ruled> {
        // Only where lines are drawn: guessing tables from gaps makes them out of prose.
        let config = TableDetectionConfig {
            text_fallback: false,
            ..TableDetectionConfig::default()
        };
        let position = page.saturating_sub(1) as usize;
        let tables = guard("its tables cannot be read", || {
            self.pdf.extract_tables_with_config(position, config)
        });
        let tables = tables.unwrap_or_default().into_iter();
        tables.map(|table| self.ruled(table, page)).collect()
    }

    fn ruled(&self, table: RuledTable, page: u32) -> Ruled {
        let rows = table.rows.into_iter().map(|row| {
            let cells = row.cells.into_iter().map(|cell| {
                let words: Vec<_> = cell.text.split_whitespace().collect();
                clean(&words.join(" "))
            });
            cells.collect::<Vec<String>>()
        });
        self.build(rows.collect(), true, true, page)
    }

    fn build(&self, rows: Vec<Vec<String>>, has_header: bool, is_drawn: bool, page: u32) -> Ruled {
        let solid_rows = rows.iter().map(|row| solid(&row.concat())).collect();
        let mut rows = rows.into_iter();
        let headers = if has_header { rows.next() } else { None }.unwrap_or_default();
        let mut builder = Builder::new(headers, self.options.rows_max);
        for row in rows {
            builder.push(row.iter().map(String::as_str));
        }
        let count = builder.row_count();
        let place = Place {
            rows: (count > 0).then_some((1, count)),
            ..Place::page(page)
        };
        Ruled {
            // The name is given when it is known how many tables stand before.
            table: builder.finish(String::new(), place),
            rows: solid_rows,
            is_drawn,
        }
    }
}

impl Ruled {
    /// How many lines the rows of the table take, if these lines begin with them; blank lines may stand between.
    fn length_in(&self, lines: &[String]) -> Option<usize> {
        let mut said = lines
            .iter()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty());
        let mut length = 0;
        for row in self.rows.iter().filter(|row| !row.is_empty()) {
            let (at, line) = said.next()?;
            if *row != solid(line) {
                return None;
            }
            length = at + 1;
        }
        (length > 0).then_some(length)
    }
}

fn solid(text: &str) -> String {
    text.split_whitespace().collect()
}

fn clean(text: &str) -> String {
    let is_text = |character: &char| !character.is_control() || *character == '\t';
    text.chars().filter(is_text).collect()
}
