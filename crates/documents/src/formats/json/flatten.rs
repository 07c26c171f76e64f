//! Objects to rows: nested objects get dotted names, lists of objects tables of their own, other lists stay as compact
//! JSON.

use std::collections::HashMap;

use serde_json::value::RawValue;

use super::{Node, dotted};
use crate::document::Document;
use crate::error::Error;
use crate::place::Place;
use crate::table::Builder;

/// The most columns of a table made from objects; what lies beyond goes into the last one as it is written.
const COLUMNS_MAX: usize = 1_024;
/// The last column, when there are too many.
const REST: &str = "(more)";
/// The most tables within the rows of one table, and how deep they nest; lists beyond stay in their cell.
const NESTED_MAX: usize = 32;
const NESTED_DEPTH_MAX: usize = 4;

/// Makes a table from objects, one at a time, and one from each list of objects within its rows.
pub(in crate::formats) struct Flattener {
    columns: HashMap<String, usize>,
    names: Vec<String>,
    table: Builder,
    /// The cells of the open row, and behind them some that were used before.
    row: Vec<String>,
    width: usize,
    repeated: u64,
    rows_max: u64,
    depth: usize,
    /// In the order of their first row, each with the name of its list.
    nested: Vec<(String, Flattener)>,
}

impl Flattener {
    /// A table that keeps at most `rows_max` rows.
    pub(in crate::formats) fn new(rows_max: u64) -> Self {
        Self::at_depth(Builder::new(Vec::new(), rows_max), rows_max, 0)
    }

    fn at_depth(table: Builder, rows_max: u64, depth: usize) -> Self {
        Self {
            columns: HashMap::new(),
            names: Vec::new(),
            table,
            row: Vec::new(),
            width: 0,
            repeated: 0,
            rows_max,
            depth,
            nested: Vec::new(),
        }
    }

    /// Add a row; anything but an object is one cell in a column named `value`.
    pub(in crate::formats) fn push(&mut self, raw: &RawValue) -> Result<(), Error> {
        self.flatten("", raw)?;
        self.end_row();
        Ok(())
    }

    /// Set a cell of the open row. A name that occurs again joins its value with `; `.
    pub(in crate::formats) fn set(&mut self, name: &str, value: &str) {
        self.add(name, value, true);
    }

    /// Set a cell that holds a list: further values are expected.
    pub(in crate::formats) fn set_item(&mut self, name: &str, value: &str) {
        self.add(name, value, false);
    }

    /// Close the open row.
    pub(in crate::formats) fn end_row(&mut self) {
        let cells = self.row.get_mut(..self.width).unwrap_or_default();
        self.table.push(cells.iter().map(String::as_str));
        cells.iter_mut().for_each(String::clear);
        self.width = 0;
    }

    /// The table of a list within the open row, or nothing where there are too many. Its rows begin with the number of
    /// the open row.
    pub(in crate::formats) fn nested(&mut self, name: &str) -> Option<&mut Self> {
        let known = self.nested.iter().position(|(known, _)| known == name);
        let index = match known {
            Some(index) => index,
            None if self.nested.len() < NESTED_MAX && self.depth < NESTED_DEPTH_MAX => {
                let beside = self.table.beside(self.rows_max);
                let table = Self::at_depth(beside, self.rows_max, self.depth + 1);
                self.nested.push((name.to_owned(), table));
                self.nested.len() - 1
            }
            None => return None,
        };
        self.nested.get_mut(index).map(|(_, table)| table)
    }

    /// How many rows there are.
    pub(in crate::formats) const fn row_count(&self) -> u64 {
        self.table.row_count()
    }

    /// Add the table to the document, and behind it those of the lists within its rows.
    pub(in crate::formats) fn finish(self, document: &mut Document, name: &str, place: &Place) {
        self.report(document, place);
        let count = self.table.row_count();
        let place = Place {
            rows: (count > 0).then_some((1, count)),
            ..place.clone()
        };
        let mut names = self.names;
        if self.depth > 0
            && let Some(first) = names.first_mut()
        {
            // Which table the number is a row of is said by the name of this one.
            PARENT_ROW.clone_into(first);
        }
        document.push_table(self.table.finish_with(names, name, place.clone()));
        for (list, table) in self.nested {
            let mut place = place.clone();
            place.heading_path.push(list.clone());
            table.finish(document, &dotted(name, &list), &place);
        }
    }

    /// Say what did not fit the shape of a table.
    fn report(&self, document: &mut Document, place: &Place) {
        if self.repeated > 0 {
            let message = format!(
                "{} names occur twice in an object; their values were joined with `; `",
                self.repeated
            );
            document.warn("duplicate_name", message, place.clone());
        }
        if self.columns.contains_key(REST) {
            let message =
                format!("there are more than {COLUMNS_MAX} columns; the rest is in `{REST}`");
            document.warn("columns_joined", message, place.clone());
        }
    }

    /// Recursion ends at the depth limit, which is checked before.
    fn flatten(&mut self, name: &str, raw: &RawValue) -> Result<(), Error> {
        match Node::read(raw)? {
            Node::Object(entries) => {
                for (key, value) in &entries {
                    self.flatten(&dotted(name, key), value)?;
                }
            }
            Node::Array(items) if holds_objects(&items) => {
                let row = self.row_count() + 1;
                let Some(table) = self.nested(name) else {
                    self.set(name, &compact(raw.get()));
                    return Ok(());
                };
                for item in items {
                    table.begin_nested(row);
                    table.push(item)?;
                }
            }
            Node::Array(_) => self.set(name, &compact(raw.get())),
            Node::Scalar(text) => self.set(name, &text),
        }
        Ok(())
    }

    /// Begin a row that belongs to this row of the table above.
    pub(in crate::formats) fn begin_nested(&mut self, row: u64) {
        // A name that no object of the source can have by chance; it is replaced at the end.
        self.set("\u{0}", &row.to_string());
    }

    fn add(&mut self, name: &str, value: &str, is_odd_twice: bool) {
        let name = if name.is_empty() { "value" } else { name };
        let (column, is_rest) = self.column(name);
        if self.row.len() <= column {
            self.row.resize(column + 1, String::new());
        }
        self.width = self.width.max(column + 1);
        let Some(cell) = self.row.get_mut(column) else {
            return;
        };
        if is_rest {
            cell.push_str(if cell.is_empty() { "" } else { "; " });
            cell.push_str(name);
            cell.push_str(": ");
        } else if !cell.is_empty() {
            self.repeated += u64::from(is_odd_twice);
            cell.push_str("; ");
        }
        cell.push_str(value);
    }

    fn column(&mut self, name: &str) -> (usize, bool) {
        if let Some(column) = self.columns.get(name) {
            return (*column, name == REST);
        }
        let is_rest = self.names.len() >= COLUMNS_MAX;
        let name = if is_rest { REST } else { name };
        let next = self.names.len();
        let column = *self.columns.entry(name.to_owned()).or_insert(next);
        if column == next {
            self.names.push(name.to_owned());
        }
        (column, is_rest)
    }
}

/// The heading of the column that says which row of the table above a row belongs to.
const PARENT_ROW: &str = "(row)";

fn holds_objects(items: &[&RawValue]) -> bool {
    !items.is_empty() && items.iter().all(|item| item.get().starts_with('{'))
}

/// JSON without the white space between its parts.
fn compact(json: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    json.chars()
        .filter(|character| {
            if in_string {
                in_string = *character != '"' || escaped;
                escaped = *character == '\\' && !escaped;
                return true;
            }
            in_string = *character == '"';
            !character.is_ascii_whitespace()
        })
        .collect()
}
