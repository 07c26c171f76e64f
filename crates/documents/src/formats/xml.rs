//! XML: repeated regular elements become tables, running text paragraphs, everything else `name: value` lines.
//!
//! An attribute is shown as `@name`. Prefixes of namespaces are left out, except where the same name stands in two
//! namespaces. Comments and processing instructions are not content.

mod rows;
mod tree;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Value, json};

use super::html::grid::{Cell, Grid};
use super::json::{Flattener, dotted};
use crate::document::{BlockKind, Document, Heading, HeadingStack};
use crate::error::Error;
use crate::place::Place;
use crate::request::Options;
use crate::text::shorten;
pub(super) use tree::{Element, Tree, source};

/// Elements that head a section, if their first child is a title.
const SECTIONS: &[&str] = &[
    "article",
    "book",
    "chapter",
    "part",
    "section",
    "sect1",
    "sect2",
    "sect3",
    "sect4",
    "sect5",
    "sec",
    "div",
    "div1",
    "div2",
    "topic",
    "concept",
    "task",
    "reference",
    "appendix",
    "preface",
    "simplesect",
    "abstract",
    "body",
];
const TITLES: &[&str] = &["title", "head", "heading"];
/// Elements that hold running text, however short.
const PARAGRAPHS: &[&str] = &["p", "para", "simpara", "blockquote"];
const ITEMS: &[&str] = &["li", "item", "listitem", "list-item"];
/// Elements around items; what they say of themselves is layout.
const LISTS: &[&str] = &[
    "ul",
    "ol",
    "list",
    "orderedlist",
    "itemizedlist",
    "variablelist",
];
const CODE: &[&str] = &[
    "programlisting",
    "codeblock",
    "pre",
    "screen",
    "literallayout",
    "preformat",
];
const TABLES: &[&str] = &["table", "informaltable"];
/// A value longer than this, in bytes, is running text.
const VALUE_BYTES_MAX: usize = 200;
/// How far down a title is looked for.
const TITLE_DEPTH_MAX: usize = 4;
/// The most characters of a name in a heading path: every block below repeats it.
const NAME_CHARACTERS_MAX: usize = 100;
/// The most names in a heading path.
const PATH_MAX: usize = 8;
/// The most links that are listed.
const LINKS_MAX: usize = 1_000;

/// Read XML.
pub(super) fn parse(document: &mut Document, bytes: &[u8], options: &Options) -> Result<(), Error> {
    let text = source(document, bytes, options)?;
    let tree = Tree::read(document, &text)?;
    let names = Names::of(&tree);
    note(document, &tree, &names);
    let mut reader = Reader {
        document,
        names,
        rows_max: options.rows_max,
        headings: HeadingStack::default(),
        section: 0,
        path: Vec::new(),
        lines: String::new(),
        open: None,
        rows: 0,
        left_out: 0,
        links: Vec::new(),
    };
    reader.element("", tree.root());
    reader.flush();
    let Reader {
        rows,
        left_out,
        links,
        ..
    } = reader;
    if left_out > 0 {
        let message = format!("{left_out} attributes within running text were left out");
        document.warn("attributes_left_out", message, Place::default());
    }
    if !links.is_empty() {
        document
            .metadata
            .insert("links".to_owned(), Value::Array(links));
    }
    document.record_count = rows.max(document.blocks.len() as u64);
    document.title = title(tree.root(), 0).or_else(|| document.title.take());
    Ok(())
}

/// The title that the document gives itself: outside of sections and lists, and not far down.
fn title(element: Element, depth: usize) -> Option<String> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for child in element.children() {
        *counts.entry(child.name()).or_default() += 1;
    }
    let single = || {
        element
            .children()
            .filter(|child| counts.get(child.name()) == Some(&1))
            .take(100)
    };
    let own = single()
        .filter(|child| matches!(child.local(), "title" | "article-title"))
        .map(Element::text)
        .find(|text| !text.is_empty() && text.len() <= VALUE_BYTES_MAX);
    own.or_else(|| {
        let deeper =
            single().filter(|child| depth < TITLE_DEPTH_MAX && !SECTIONS.contains(&child.local()));
        deeper
            .filter(|child| !child.is_leaf())
            .find_map(|child| title(child, depth + 1))
    })
}

/// Note the outermost element and the namespaces.
fn note(document: &mut Document, tree: &Tree, names: &Names) {
    let root = tree.root();
    document
        .metadata
        .insert("root".to_owned(), names.show(root.name()).into());
    let mut namespaces = BTreeMap::new();
    for element in tree.elements().take(10_000) {
        for (name, uri) in element.attributes() {
            let prefix = match name.strip_prefix("xmlns") {
                Some("") => "",
                Some(rest) => rest.trim_start_matches(':'),
                None => continue,
            };
            if namespaces.len() < 50 {
                namespaces
                    .entry(prefix.to_owned())
                    .or_insert_with(|| Value::from(uri));
            }
        }
    }
    if !namespaces.is_empty() {
        document
            .metadata
            .insert("namespaces".to_owned(), json!(namespaces));
    }
}

/// How names are shown.
struct Names {
    /// Local names that occur with more than one prefix.
    ambiguous: HashSet<String>,
}

impl Names {
    fn of(tree: &Tree) -> Self {
        let mut prefixes: HashMap<&str, &str> = HashMap::new();
        let mut ambiguous = HashSet::new();
        for element in tree.elements() {
            let name = element.name();
            let prefix = name.split_once(':').map_or("", |(prefix, _)| prefix);
            if *prefixes.entry(element.local()).or_insert(prefix) != prefix {
                ambiguous.insert(element.local().to_owned());
            }
        }
        Self { ambiguous }
    }

    fn show<'n>(&self, name: &'n str) -> &'n str {
        let local = tree::local(name);
        if self.ambiguous.contains(local) {
            name
        } else {
            local
        }
    }
}

/// Whether an attribute says something to a reader: namespaces and where a schema lies do not.
fn is_shown(attribute: &str) -> bool {
    !attribute.starts_with("xmlns")
        && !attribute.ends_with(":schemaLocation")
        && attribute != "xml:space"
}

struct Reader<'d> {
    document: &'d mut Document,
    names: Names,
    rows_max: u64,
    headings: HeadingStack,
    /// How many titled sections are open.
    section: u8,
    /// The names of the elements above, where no heading says more.
    path: Vec<String>,
    /// Lines of a record, and the first and last line of the source they come from.
    lines: String,
    open: Option<(u64, u64)>,
    rows: u64,
    left_out: u64,
    links: Vec<Value>,
}

impl Reader<'_> {
    /// Add the content of an element whose dotted name is `name`. Recursion ends at the tree's depth limit.
    fn element(&mut self, name: &str, element: Element) {
        if rows::is_code(element) {
            let text = element.verbatim();
            return self.block(BlockKind::Code, text.trim_matches('\n').trim_end(), element);
        }
        if TABLES.contains(&element.local()) && self.grid(element) {
            return;
        }
        if element.is_leaf() {
            return self.leaf(name, element);
        }
        let is_item = ITEMS.contains(&element.local())
            && element.children().all(|child| {
                PARAGRAPHS.contains(&child.local()) && (child.is_leaf() || child.has_own_text())
            });
        if element.has_own_text() || is_item {
            let kind = text_kind(element);
            self.left_out(element);
            return self.block(kind, &element.text(), element);
        }
        self.container(name, element);
    }

    fn container(&mut self, name: &str, element: Element) {
        let titled = is_titled(element);
        for (attribute, value) in element.attributes().filter(|(known, _)| is_shown(known)) {
            if titled || LISTS.contains(&element.local()) {
                self.left_out += 1;
                continue;
            }
            let attribute = format!("@{}", self.names.show(attribute));
            self.line(&dotted(name, &attribute), &value, element.lines());
        }
        let groups = rows::groups(element);
        let outer = self.section;
        for child in element.children() {
            if titled && TITLES.contains(&child.local()) && self.section == outer {
                self.heading(child);
                continue;
            }
            match groups.get(child.name()) {
                Some(group) if group.first == child.position() => {
                    let child_name = dotted(name, self.names.show(child.name()));
                    self.table(&child_name, element, child);
                }
                Some(_) => {}
                None => {
                    let child_name = dotted(name, self.names.show(child.name()));
                    if child.is_leaf() {
                        self.element(&child_name, child);
                    } else {
                        self.flush();
                        let shown = shorten(self.names.show(child.name()), NAME_CHARACTERS_MAX);
                        self.path.push(shown);
                        self.element(&child_name, child);
                        self.flush();
                        self.path.pop();
                    }
                }
            }
        }
        self.section = outer;
    }

    fn leaf(&mut self, name: &str, element: Element) {
        let text = element.text();
        let is_running = text.len() > VALUE_BYTES_MAX
            || PARAGRAPHS.contains(&element.local())
            || ITEMS.contains(&element.local());
        if is_running && !text.is_empty() {
            self.left_out(element);
            return self.block(text_kind(element), &text, element);
        }
        let mut attributes = Vec::new();
        for (attribute, value) in element.attributes().filter(|(known, _)| is_shown(known)) {
            let attribute = format!("@{}", self.names.show(attribute));
            attributes.push((dotted(name, &attribute).into_owned(), value));
        }
        if !text.is_empty() {
            self.line(name, &text, element.lines());
        }
        for (attribute, value) in attributes {
            self.line(&attribute, &value, element.lines());
        }
    }

    fn heading(&mut self, title: Element) {
        let text = title.text();
        if text.is_empty() {
            return;
        }
        self.flush();
        self.left_out(title);
        self.section = self.section.saturating_add(1);
        self.headings.enter(self.section, &text);
        if self.document.title.is_none() {
            self.document.title = Some(text.clone());
        }
        let (first, last) = title.lines();
        let heading = Heading {
            level: self.section,
            text,
            place: Place {
                heading_path: self.headings.path(),
                ..Place::lines(first, last)
            },
        };
        self.document.push_heading(heading);
    }

    /// Add a line to the open record.
    fn line(&mut self, name: &str, value: &str, lines: (u64, u64)) {
        if !self.lines.is_empty() {
            self.lines.push('\n');
        }
        if !name.is_empty() {
            self.lines.push_str(name);
            self.lines.push_str(": ");
        }
        self.lines.push_str(value);
        let open = self.open.get_or_insert(lines);
        open.1 = open.1.max(lines.1);
    }

    /// Close the open record.
    fn flush(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        if let Some((first, last)) = self.open.take()
            && !lines.trim().is_empty()
        {
            let place = self.place((first, last));
            self.document.push(BlockKind::Record, lines, place);
        }
    }

    fn block(&mut self, kind: BlockKind, text: &str, element: Element) {
        self.flush();
        if !text.is_empty() {
            let place = self.place(element.lines());
            self.document.push(kind, text, place);
        }
    }

    fn place(&self, (first, last): (u64, u64)) -> Place {
        let headings = self.headings.path();
        let names = self.path.iter().take(PATH_MAX);
        Place {
            heading_path: if headings.is_empty() {
                names.cloned().collect()
            } else {
                headings
            },
            ..Place::lines(first, last)
        }
    }

    /// Count the attributes that running text has no place for, and keep its links.
    fn left_out(&mut self, element: Element) {
        for below in element.descendants() {
            for (attribute, value) in below.attributes().filter(|(known, _)| is_shown(known)) {
                let is_link = matches!(tree::local(attribute), "href" | "url");
                if is_link && self.links.len() < LINKS_MAX {
                    self.links.push(
                        json!({ "href": value, "text": shorten(&below.text(), VALUE_BYTES_MAX) }),
                    );
                } else {
                    self.left_out += 1;
                }
            }
        }
    }

    /// Add the table of all children of `parent` that are named as `first` is.
    fn table(&mut self, name: &str, parent: Element, first: Element) {
        self.flush();
        let mut table = Flattener::new(self.rows_max);
        let mut lines = first.lines();
        let rows = || {
            parent
                .children()
                .filter(|child| child.name() == first.name())
        };
        let mut lists = rows::Lists::new();
        for row in rows() {
            rows::find_lists(&mut lists, row);
        }
        for row in rows() {
            rows::flatten(&mut table, "", row, &self.names, &lists);
            table.end_row();
            lines.1 = row.lines().1;
        }
        self.rows += table.row_count();
        let shown = shorten(self.names.show(first.name()), NAME_CHARACTERS_MAX);
        self.path.push(shown);
        let place = self.place(lines);
        self.path.pop();
        table.finish(self.document, name, &place);
    }

    /// Add a table of rows and cells as documents have them (HTML, CALS, TEI), if it is one.
    fn grid(&mut self, element: Element) -> bool {
        let (first, last) = element.lines();
        let mut grid = Grid::new(first, true, self.place((first, last)).heading_path);
        let (mut cells, mut is_label_row) = (0, false);
        for part in element.descendants().skip(1) {
            match part.local() {
                "title" | "caption" if cells == 0 => grid.caption = part.text(),
                "tr" | "row" => {
                    grid.end_row();
                    is_label_row = part.value("role") == "label";
                }
                "thead" => grid.in_head = true,
                "tbody" => {
                    grid.end_row();
                    grid.in_head = false;
                }
                "td" | "th" | "entry" | "cell" => {
                    cells += 1;
                    grid.end_cell();
                    let span = |name: &str| part.value(name).trim().parse().unwrap_or(1);
                    let more: usize = part.value("morerows").trim().parse().unwrap_or(0);
                    grid.cell = Some(Cell {
                        text: part.text(),
                        is_header: part.local() == "th" || grid.in_head || is_label_row,
                        columns: span("colspan"),
                        rows: span("rowspan").max(more.saturating_add(1)),
                    });
                }
                _ => {}
            }
        }
        if cells < 2 {
            return false;
        }
        self.flush();
        let name = format!("table {}", self.document.tables.len() + 1);
        if let Ok(table) = grid.finish(name, last, self.rows_max) {
            self.rows += table.row_count;
            self.document.push_table(table);
        }
        true
    }
}

/// Whether an element is a section with a title.
fn is_titled(element: Element) -> bool {
    let first = element.children().next();
    SECTIONS.contains(&element.local())
        && first.is_some_and(|first| TITLES.contains(&first.local()))
}

fn text_kind(element: Element) -> BlockKind {
    if ITEMS.contains(&element.local()) {
        BlockKind::ListItem
    } else if matches!(element.local(), "quote" | "blockquote") {
        BlockKind::Quote
    } else {
        BlockKind::Paragraph
    }
}
