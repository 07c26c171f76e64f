//! Which elements are the rows of a table, and what is in their cells.

use std::collections::{HashMap, HashSet};

use super::tree::Element;
use super::{CODE, ITEMS, LISTS, Names, PARAGRAPHS, TABLES, is_shown, is_titled};
use crate::formats::json::{Flattener, dotted};

/// How much of what its rows have together each row of a table has at least, on average, in percent.
const FILLED_MIN: usize = 40;

/// Children of one name that are rows.
pub(super) struct Group {
    /// The position of the first.
    pub(super) first: usize,
}

/// The names of children that are the rows of a table: at least two, alike, and not running text.
pub(super) fn groups(parent: Element<'_>) -> HashMap<&str, Group> {
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

/// Whether an element is part of a text rather than of a record. Names alone do not tell: `part`, `list` and `screen` are
/// names of fields as well.
fn is_prose(element: Element) -> bool {
    let name = element.local();
    let holds = |names: &[&str]| {
        element
            .children()
            .any(|child| names.contains(&child.local()))
    };
    PARAGRAPHS.contains(&name)
        || is_code(element)
        || (TABLES.contains(&name) && holds(&["tgroup", "thead", "tbody", "tr", "row"]))
        || (LISTS.contains(&name) && holds(ITEMS))
        || (is_titled(element)
            && element.children().any(|child| {
                let names = [PARAGRAPHS, LISTS, TABLES];
                is_titled(child) || names.iter().any(|names| names.contains(&child.local()))
            }))
}

/// Whether the spaces and line ends of an element matter.
pub(super) fn is_code(element: Element) -> bool {
    let is_marked = element.local() == "ab" && element.value("type").contains("code");
    is_marked || (CODE.contains(&element.local()) && element.verbatim().trim().contains('\n'))
}

/// Which children are lists of rows within the rows of a table, by the names of parent and child: those that are one in
/// any row, so that a list of a single item is a list as well.
pub(super) type Lists<'t> = HashSet<(&'t str, &'t str)>;

/// Find the lists within a row.
pub(super) fn find_lists<'t>(lists: &mut Lists<'t>, row: Element<'t>) {
    for element in row.descendants().filter(|element| !element.is_leaf()) {
        let names = groups(element).into_keys();
        lists.extend(names.map(|name| (element.name(), name)));
    }
}

/// Set the cells of a row: attributes, values, and values below with dotted names.
///
/// Recursion ends at the tree's depth limit.
pub(super) fn flatten(
    table: &mut Flattener,
    name: &str,
    element: Element,
    names: &Names,
    lists: &Lists,
) {
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
    for child in element.children() {
        let child_name = dotted(name, names.show(child.name()));
        let row = table.row_count() + 1;
        if lists.contains(&(element.name(), child.name()))
            && let Some(nested) = table.nested(&child_name)
        {
            nested.begin_nested(row);
            flatten(nested, "", child, names, lists);
            nested.end_row();
        } else {
            flatten(table, &child_name, child, names, lists);
        }
    }
}
