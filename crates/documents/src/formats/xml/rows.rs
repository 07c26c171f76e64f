//! Which elements are the rows of a table, and what is in their cells.

use std::collections::{HashMap, HashSet};

use super::tree::Element;
use super::{CODE, ITEMS, LISTS, Names, PARAGRAPHS, SECTIONS, TABLES, dotted, is_shown};
use crate::formats::json::Flattener;

/// How much of what its rows have together each row of a table has at least, on average, in percent.
const FILLED_MIN: usize = 40;

/// Children of one name that are rows.
pub(super) struct Group {
    /// The position of the first.
    pub(super) first: usize,
}

/// The names of children that are the rows of a table: at least two, alike, and not running text.
pub(super) fn groups<'t>(parent: Element<'t>) -> HashMap<&'t str, Group> {
    let mut candidates: HashMap<&str, Candidate> = HashMap::new();
    for child in parent.children() {
        let candidate = candidates.entry(child.name()).or_insert_with(|| Candidate {
            first: child.position(),
            count: 0,
            cells: 0,
            names: HashSet::new(),
            is_prose: is_prose(child),
        });
        candidate.observe(child);
    }
    candidates
        .into_iter()
        .filter(|(_, candidate)| candidate.is_table())
        .map(|(name, candidate)| {
            let first = candidate.first;
            (name, Group { first })
        })
        .collect()
}

struct Candidate<'t> {
    first: usize,
    count: usize,
    /// How many different cells its rows have, all rows together.
    cells: usize,
    names: HashSet<&'t str>,
    is_prose: bool,
}

impl<'t> Candidate<'t> {
    fn observe(&mut self, row: Element<'t>) {
        self.count += 1;
        if self.is_prose {
            return;
        }
        let attributes = row
            .attributes()
            .map(|(name, _)| name)
            .filter(|name| is_shown(name));
        let mut cells: Vec<&str> = attributes
            .chain(row.children().map(Element::name))
            .collect();
        // Text with elements inside it is prose; an element with nothing inside is a value.
        self.is_prose |= cells.is_empty() || (!row.is_leaf() && row.has_own_text());
        self.is_prose |= row.children().any(is_prose);
        cells.sort_unstable();
        cells.dedup();
        self.cells += cells.len();
        self.names.extend(cells);
    }

    fn is_table(&self) -> bool {
        let all = self.names.len().saturating_mul(self.count);
        self.count >= 2
            && !self.is_prose
            && self.cells.saturating_mul(100) >= all.saturating_mul(FILLED_MIN)
    }
}

fn is_prose(element: Element) -> bool {
    let name = element.local();
    [SECTIONS, PARAGRAPHS, CODE, TABLES, LISTS]
        .iter()
        .any(|names| names.contains(&name))
        || (ITEMS.contains(&name) && element.is_leaf())
}

/// Set the cells of a row: attributes, values, and values below with dotted names.
///
/// Recursion ends at the tree's depth limit.
pub(super) fn flatten(table: &mut Flattener, name: &str, element: Element, names: &Names) {
    for (attribute, value) in element.attributes().filter(|(known, _)| is_shown(known)) {
        table.set(
            &dotted(name, &format!("@{}", names.show(attribute))),
            &value,
        );
    }
    if element.is_leaf() || element.has_own_text() {
        let text = element.text();
        if !text.is_empty() {
            table.set_item(name, &text);
        }
        return;
    }
    let groups = groups(element);
    for child in element.children() {
        let child_name = dotted(name, names.show(child.name()));
        let row = table.row_count() + 1;
        if groups.contains_key(child.name())
            && let Some(nested) = table.nested(&child_name)
        {
            nested.begin_nested(row);
            flatten(nested, "", child, names);
            nested.end_row();
        } else {
            flatten(table, &child_name, child, names);
        }
    }
}
