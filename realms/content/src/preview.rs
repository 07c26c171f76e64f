//! The bounded preview of a document, for showing without asking again.

use civitas_documents::{ColumnKind, Document, Table};
use civitas_intent::prelude::*;

/// Characters of text.
const TEXT_CHARACTERS: usize = 4_000;
/// Tables, and rows, columns and characters of a cell of each.
const TABLES: usize = 3;
const ROWS: usize = 20;
const COLUMNS: usize = 50;
const CELL_CHARACTERS: usize = 100;
/// Files within the file.
const PARTS: usize = 200;
/// Headings of the outline, warnings, and characters of each.
const HEADINGS: usize = 200;
const WARNINGS: usize = 20;
const LINE_CHARACTERS: usize = 300;

/// A column, as it is shown.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ShownColumn {
    /// Its heading.
    name: String,
    /// What all of its values can be read as.
    kind: ColumnKind,
}

impl ShownColumn {
    /// The first columns of a table.
    pub(crate) fn of(table: &Table, count: usize) -> Vec<Self> {
        let columns = table.columns.iter().take(count);
        columns
            .map(|column| Self {
                name: shorten(&column.name, LINE_CHARACTERS),
                kind: column.kind,
            })
            .collect()
    }
}

/// The parts of a preview, by the name they are rendered under.
pub(crate) fn renderings(document: &Document) -> [(&'static str, Value); 5] {
    [
        ("text_preview", text(document)),
        ("table_previews", tables(document)),
        ("outline", outline(document)),
        ("parts", parts(document)),
        ("warnings", warnings(document)),
    ]
}

fn text(document: &Document) -> Value {
    let mut shown = String::new();
    let mut room = TEXT_CHARACTERS;
    let mut is_complete = true;
    for block in document.blocks.iter().filter(|block| block.table.is_none()) {
        if room == 0 {
            is_complete = false;
            break;
        }
        if !shown.is_empty() {
            shown.push_str("\n\n");
        }
        let before = shown.len();
        shown.extend(block.text.chars().take(room));
        let taken = shown.len() - before;
        room -= shown.get(before..).map_or(0, |text| text.chars().count());
        is_complete &= taken == block.text.len();
    }
    json!({ "text": shown, "is_complete": is_complete })
}

fn tables(document: &Document) -> Value {
    let tables = document.tables.iter().take(TABLES).map(|table| {
        let rows: Vec<Vec<String>> = table
            .rows
            .iter()
            .take(ROWS)
            .map(|row| cells(row, COLUMNS, CELL_CHARACTERS))
            .collect();
        json!({
            "name": shorten(&table.name, LINE_CHARACTERS),
            "columns": ShownColumn::of(table, COLUMNS),
            "column_count": table.columns.len(),
            "rows": rows,
            "row_count": table.row_count,
            "place": table.place,
        })
    });
    tables.collect()
}

/// The first cells of a row, each cut to `characters`.
pub(crate) fn cells(row: &[String], count: usize, characters: usize) -> Vec<String> {
    let cells = row.iter().take(count);
    cells.map(|cell| shorten(cell, characters)).collect()
}

fn outline(document: &Document) -> Value {
    let headings = document.outline.iter().take(HEADINGS).map(|heading| {
        let text = shorten(&heading.text, LINE_CHARACTERS);
        json!({ "level": heading.level, "text": text, "place": place(&heading.place) })
    });
    headings.collect()
}

fn parts(document: &Document) -> Value {
    let parts = document.parts.iter().take(PARTS).map(|part| {
        json!({
            "path": part.path, "format": part.format, "size": part.size, "status": part.status,
            "reason": part.reason.as_deref().map(|reason| shorten(reason, LINE_CHARACTERS)),
        })
    });
    parts.collect()
}

fn warnings(document: &Document) -> Value {
    let warnings = document.warnings.iter().take(WARNINGS).map(|warning| {
        let message = shorten(&warning.message, LINE_CHARACTERS);
        json!({ "code": warning.code, "message": message, "place": place(&warning.place) })
    });
    warnings.collect()
}

/// A place without the headings above it, which the outline shows already.
fn place(place: &civitas_documents::Place) -> Value {
    let mut place = json!(place);
    if let Some(place) = place.as_object_mut() {
        place.remove("heading_path");
    }
    place
}

/// The text, cut to so many characters; what was cut is shown by `…`.
pub(crate) fn shorten(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}
