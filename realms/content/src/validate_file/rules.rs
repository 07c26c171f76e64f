//! The rules a file is checked against.

use std::collections::BTreeMap;

use civitas_documents::{ColumnKind, Document, Place, Table};
use civitas_intent::prelude::*;

use super::Finding;
use crate::list_files::canonical_type;
use crate::preview::shorten;

/// Entries of a list of rules, and characters of each.
const ENTRIES_MAX: usize = 200;
const ENTRY_CHARACTERS_MAX: usize = 1_000;
/// Names that are listed in a message.
const NAMED_MAX: usize = 20;
/// Characters of a text that is quoted in a message.
const QUOTED_CHARACTERS: usize = 100;

/// What must be true of a file; all of it.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ValidationRules {
    /// It is of one of these types, such as `csv`.
    #[schemars(length(max = 200))]
    allowed_types: Vec<String>,
    /// It has at least so many bytes.
    size_min: Option<u64>,
    /// It has at most so many bytes.
    size_max: Option<u64>,
    /// Its text is in this encoding, by its WHATWG name, such as `utf-8`.
    #[schemars(length(min = 1, max = 64))]
    encoding: Option<String>,
    /// One of its tables has all of these columns.
    #[schemars(length(max = 200))]
    required_columns: Vec<String>,
    /// These columns hold values of these types only. Whole numbers are decimals too, and everything is text.
    column_types: BTreeMap<String, ColumnKind>,
    /// Its tables have at least so many rows together.
    rows_min: Option<u64>,
    /// Its tables have at most so many rows together.
    rows_max: Option<u64>,
    /// It has these headings, in upper or lower case.
    #[schemars(length(max = 200))]
    required_headings: Vec<String>,
    /// Its text says this, in upper or lower case, with any white space between the words.
    #[schemars(length(max = 200))]
    required_text: Vec<String>,
    /// Reading it gives at most so many warnings.
    max_warnings: Option<u64>,
}

impl ValidationRules {
    /// Refuses rules that are too many or too long, and those that no file can keep.
    pub(super) fn check(&self) -> std::result::Result<(), Invalid> {
        let columns: Vec<String> = self.column_types.keys().cloned().collect();
        for (name, entries) in [
            ("allowed_types", &self.allowed_types),
            ("required_columns", &self.required_columns),
            ("column_types", &columns),
            ("required_headings", &self.required_headings),
            ("required_text", &self.required_text),
        ] {
            let is_long = |entry: &String| {
                entry.trim().is_empty() || entry.chars().count() > ENTRY_CHARACTERS_MAX
            };
            if entries.len() > ENTRIES_MAX || entries.iter().any(is_long) {
                let detail = format!(
                    "validation_rules.{name} takes at most {ENTRIES_MAX} entries of 1 to {ENTRY_CHARACTERS_MAX} characters"
                );
                return Err(Invalid::new(format!("/validation_rules/{name}"), detail));
            }
        }
        for (what, min, max) in [
            ("size", self.size_min, self.size_max),
            ("rows", self.rows_min, self.rows_max),
        ] {
            if let (Some(min), Some(max)) = (min, max)
                && min > max
            {
                let detail = format!(
                    "{what}_max is {max}, less than {what}_min, which is {min}: no file can keep both"
                );
                return Err(Invalid::new(
                    format!("/validation_rules/{what}_max"),
                    detail,
                ));
            }
        }
        Ok(())
    }

    /// The rules that are there, by name; those that are not stated are left out.
    pub(super) fn stated(&self) -> Value {
        let mut stated = json!(self);
        if let Some(members) = stated.as_object_mut() {
            members.retain(|_, value| {
                let is_empty = value.as_array().is_some_and(Vec::is_empty)
                    || value.as_object().is_some_and(serde_json::Map::is_empty);
                !value.is_null() && !is_empty
            });
        }
        stated
    }

    /// How many rules there are; an entry of a list is one.
    pub(super) fn count(&self) -> u64 {
        let single = [
            !self.allowed_types.is_empty(),
            self.size_min.is_some(),
            self.size_max.is_some(),
            self.encoding.is_some(),
            self.rows_min.is_some(),
            self.rows_max.is_some(),
            self.max_warnings.is_some(),
        ];
        let single = single.into_iter().filter(|is| *is).count();
        let listed = self.required_columns.len()
            + self.column_types.len()
            + self.required_headings.len()
            + self.required_text.len();
        (single + listed) as u64
    }

    /// What the file's facts break.
    pub(super) fn of_facts(&self, file: &File) -> Vec<Finding> {
        let mut found = Vec::new();
        let allowed: Vec<String> = self
            .allowed_types
            .iter()
            .map(|name| canonical_type(name))
            .collect();
        if !allowed.is_empty() && !allowed.contains(&file.file_type) {
            let message = format!(
                "it is {}, expected {}",
                file.file_type,
                allowed.join(" or ")
            );
            found.push(Finding::new("allowed_types", message, None));
        }
        let size = file.size;
        bounds(
            &mut found,
            "size",
            size,
            (self.size_min, self.size_max),
            "bytes",
        );
        found
    }

    /// What the file's content breaks.
    pub(super) fn of_content(&self, document: &Document) -> Vec<Finding> {
        let mut found = Vec::new();
        if let Some(wanted) = &self.encoding {
            let is = document.encoding.as_deref().unwrap_or("no text");
            if !is.eq_ignore_ascii_case(wanted.trim()) {
                let wanted = shorten(wanted, QUOTED_CHARACTERS);
                let message =
                    format!("it is {is}, expected {wanted}: preprocess_file makes it UTF-8");
                found.push(Finding::new("encoding", message, None));
            }
        }
        self.columns(document, &mut found);
        let rows = document.tables.iter().map(|table| table.row_count).sum();
        bounds(
            &mut found,
            "rows",
            rows,
            (self.rows_min, self.rows_max),
            "rows",
        );
        self.text(document, &mut found);
        let warnings = document.warnings.len() as u64;
        if let Some(max) = self.max_warnings.filter(|max| warnings > *max) {
            let place = document.warnings.first().map(|first| first.place.clone());
            let message = format!("reading it gives {warnings} warnings, expected at most {max}");
            found.push(Finding::new("max_warnings", message, place));
        }
        found
    }

    fn columns(&self, document: &Document, found: &mut Vec<Finding>) {
        let count = |table: &&Table| {
            let wanted = self.required_columns.iter().chain(self.column_types.keys());
            wanted
                .filter(|name| position(table, name).is_some())
                .count()
        };
        // The table that is meant is the one that has most of the columns; the first of equals.
        let table = document.tables.iter().rev().max_by_key(count);
        let place = table.map(|table| table.place.clone());
        for name in &self.required_columns {
            if table.and_then(|table| position(table, name)).is_none() {
                let message = missing(name, table);
                found.push(Finding::new("required_columns", message, place.clone()));
            }
        }
        for (name, wanted) in &self.column_types {
            let column = table.and_then(|table| Some((table, position(table, name)?)));
            match column {
                None => {
                    let message = missing(name, table);
                    found.push(Finding::new("column_types", message, place.clone()));
                }
                Some((table, index)) => found.extend(of_kind(table, index, *wanted)),
            }
        }
    }

    fn text(&self, document: &Document, found: &mut Vec<Finding>) {
        for wanted in &self.required_headings {
            let key = folded(wanted);
            if document
                .outline
                .iter()
                .all(|heading| folded(&heading.text) != key)
            {
                let headings = document.outline.iter().map(|heading| heading.text.as_str());
                let message = format!(
                    "there is no heading {:?}; {}",
                    shorten(wanted, QUOTED_CHARACTERS),
                    listed("headings", headings)
                );
                found.push(Finding::new("required_headings", message, None));
            }
        }
        if self.required_text.is_empty() {
            return;
        }
        let text = folded(&document.text());
        for wanted in &self.required_text {
            if !text.contains(&folded(wanted)) {
                let wanted = shorten(wanted, QUOTED_CHARACTERS);
                let message = format!("the text does not say {wanted:?}");
                found.push(Finding::new("required_text", message, None));
            }
        }
    }
}

fn bounds(
    found: &mut Vec<Finding>,
    what: &str,
    is: u64,
    (min, max): (Option<u64>, Option<u64>),
    unit: &str,
) {
    if let Some(min) = min.filter(|min| is < *min) {
        let message = format!("it has {is} {unit}, expected at least {min}");
        found.push(Finding::new(&format!("{what}_min"), message, None));
    }
    if let Some(max) = max.filter(|max| is > *max) {
        let message = format!("it has {is} {unit}, expected at most {max}");
        found.push(Finding::new(&format!("{what}_max"), message, None));
    }
}

/// The text in lower case, with single spaces between its words.
fn folded(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

fn position(table: &Table, name: &str) -> Option<usize> {
    let name = name.trim();
    let mut names = table.columns.iter().map(|column| column.name.trim());
    names.position(|known| known == name)
}

fn missing(name: &str, table: Option<&Table>) -> String {
    let shown = shorten(name, QUOTED_CHARACTERS);
    let Some(table) = table else {
        return format!("there is no column {shown:?}: there is no table");
    };
    let key = folded(name);
    let near = table
        .columns
        .iter()
        .find(|column| folded(&column.name) == key);
    match near {
        Some(near) => format!(
            "there is no column {shown:?}, but one {:?}: names must be equal, letter by letter",
            near.name
        ),
        None => {
            let names = table.columns.iter().map(|column| column.name.as_str());
            format!("there is no column {shown:?}; {}", listed("columns", names))
        }
    }
}

fn listed<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<String> = names
        .take(NAMED_MAX + 1)
        .map(|name| shorten(name, QUOTED_CHARACTERS))
        .collect();
    if names.is_empty() {
        return format!("there are no {what}");
    }
    if names.len() > NAMED_MAX {
        names.truncate(NAMED_MAX);
        names.push("…".to_owned());
    }
    format!("the {what} are {}", names.join(", "))
}

/// What is wrong with a column's type, with its first row that is not of it, where that is easily told.
fn of_kind(table: &Table, index: usize, wanted: ColumnKind) -> Option<Finding> {
    let column = table.columns.get(index)?;
    let fits = column.kind == wanted
        || wanted == ColumnKind::Text
        || column.kind == ColumnKind::Empty
        || (column.kind == ColumnKind::Integer && wanted == ColumnKind::Decimal);
    if fits {
        return None;
    }
    let is_number: fn(&str) -> bool = match wanted {
        ColumnKind::Integer => |cell| cell.parse::<i128>().is_ok(),
        ColumnKind::Decimal => |cell| cell.replace([',', '\'', ' '], "").parse::<f64>().is_ok(),
        _ => |_| true,
    };
    let first = table.rows.iter().enumerate().find_map(|(row, cells)| {
        let cell = cells.get(index)?.trim();
        (!cell.is_empty() && !is_number(cell)).then(|| (row as u64 + 1, cell))
    });
    let mut place = table.place.clone();
    let mut message = format!(
        "the column {:?} is {}, expected {}",
        shorten(&column.name, QUOTED_CHARACTERS),
        name_of(column.kind),
        name_of(wanted)
    );
    if let Some((row, cell)) = first {
        place = Place {
            rows: Some((row, row)),
            ..place
        };
        message = format!(
            "{message}: row {row} has {:?}",
            shorten(cell, QUOTED_CHARACTERS)
        );
    }
    Some(Finding::new("column_types", message, Some(place)))
}

const fn name_of(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Integer => "integer",
        ColumnKind::Decimal => "decimal",
        ColumnKind::Boolean => "boolean",
        ColumnKind::Date => "date",
        ColumnKind::Timestamp => "timestamp",
        ColumnKind::Text => "text",
        ColumnKind::Empty => "empty",
    }
}
