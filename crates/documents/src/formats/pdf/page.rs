//! One page: paragraphs, the headings that bookmarks name, and tables where their rows stand in the text.

use pdf_oxide::PdfDocument;
use pdf_oxide::structure::spatial_table_detector::TableDetectionConfig;
use pdf_oxide::structure::table_extractor::Table as RuledTable;

use super::guard;
use crate::document::{Block, BlockKind, Document, Heading, HeadingStack};
use crate::place::Place;
use crate::request::Options;
use crate::table::{Builder, Table};

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
            let message =
                format!("page {number} has no text; if it is a picture of text, that was not read");
            document.warn("page_without_text", message, Place::page(number));
            return true;
        }
        let mut tables = self.tables(document.tables.len(), number);
        for paragraph in text.split("\n\n") {
            let lines: Vec<String> = paragraph.lines().map(clean).collect();
            self.paragraph(document, &lines, number, &mut tables);
        }
        // A table whose rows read differently in the text follows the page.
        for ruled in tables {
            self.table(document, ruled.table, number);
        }
        true
    }

    fn paragraph(
        &mut self,
        document: &mut Document,
        lines: &[String],
        page: u32,
        tables: &mut Vec<Ruled>,
    ) {
        let mut open = String::new();
        let mut at = 0;
        while let Some(line) = lines.get(at) {
            let rest = lines.get(at..).unwrap_or_default();
            let table = tables.iter().position(|ruled| ruled.begins(rest));
            if let Some(found) = table {
                self.text(document, &mut open, page);
                let ruled = tables.remove(found);
                at += ruled.rows.len();
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

    fn tables(&self, known: usize, page: u32) -> Vec<Ruled> {
        // Only where lines are drawn: guessing tables from gaps makes them out of prose.
        let config = TableDetectionConfig {
            text_fallback: false,
            ..TableDetectionConfig::default()
        };
        let position = page.saturating_sub(1) as usize;
        let tables = guard("its tables cannot be read", || {
            self.pdf.extract_tables_with_config(position, config)
        });
        let tables = tables.unwrap_or_default().into_iter().enumerate();
        tables
            .map(|(index, table)| self.ruled(table, known + index, page))
            .collect()
    }

    fn ruled(&self, table: RuledTable, index: usize, page: u32) -> Ruled {
        let mut rows = table.rows.into_iter().map(|row| {
            let cells = row.cells.into_iter().map(|cell| {
                let words: Vec<_> = cell.text.split_whitespace().collect();
                clean(&words.join(" "))
            });
            cells.collect::<Vec<String>>()
        });
        let headers = rows.next().unwrap_or_default();
        let mut solid_rows = vec![solid(&headers.concat())];
        let mut builder = Builder::new(headers, self.options.rows_max);
        for row in rows {
            solid_rows.push(solid(&row.concat()));
            builder.push(row.iter().map(String::as_str));
        }
        let count = builder.row_count();
        let place = Place {
            rows: (count > 0).then_some((1, count)),
            ..Place::page(page)
        };
        Ruled {
            table: builder.finish(format!("table {}", index + 1), place),
            rows: solid_rows,
        }
    }
}

impl Ruled {
    /// Whether these lines begin with the rows of the table, one a line.
    fn begins(&self, lines: &[String]) -> bool {
        lines.len() >= self.rows.len()
            && self
                .rows
                .iter()
                .zip(lines)
                .all(|(row, line)| *row == solid(line))
    }
}

fn solid(text: &str) -> String {
    text.split_whitespace().collect()
}

fn clean(text: &str) -> String {
    let is_text = |character: &char| !character.is_control() || *character == '\t';
    text.chars().filter(is_text).collect()
}
