//! draw.io (diagrams.net): the labels of shapes page by page, and tables of shapes and edges that keep the ids.
//!
//! A page is an `mxGraphModel`, either as it is or deflated (RFC 1951), in base64, and URL-encoded within.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Read as _;

use data_encoding::BASE64;
use flate2::read::DeflateDecoder;

use super::html;
use super::xml::{Element, Tree, source};
use crate::document::{BlockKind, Document, Heading};
use crate::error::Error;
use crate::place::Place;
use crate::request::Options;
use crate::table::Builder;
use crate::text::shorten;

/// The most bytes that the pages of a file may inflate to, together.
const INFLATED_BYTES_MAX: u64 = 64 << 20;

/// The most characters of a name that is repeated for all that belongs to it.
const REPEATED_CHARACTERS_MAX: usize = 200;

/// Read a draw.io file.
pub(super) fn parse(document: &mut Document, bytes: &[u8], options: &Options) -> Result<(), Error> {
    let text = source(document, bytes, options)?;
    let tree = Tree::read(document, &text)?;
    let mut diagram = Diagram::default();
    let mut left = INFLATED_BYTES_MAX;
    let pages: Vec<_> = tree
        .elements()
        .filter(|element| element.local() == "diagram")
        .collect();
    for page in &pages {
        diagram.begin(document, Some(page.value("name")), page.lines());
        match page
            .descendants()
            .find(|element| element.local() == "mxGraphModel")
        {
            Some(model) => diagram.model(document, model),
            None => {
                let packed = page.text();
                if packed.is_empty() {
                    continue;
                }
                let inflated = inflate(&packed, &mut left)?;
                let inner = Tree::read(document, &inflated)?;
                diagram.model(document, inner.root());
            }
        }
    }
    if pages.is_empty() {
        diagram.begin(document, None, tree.root().lines());
        diagram.model(document, tree.root());
    }
    diagram.tables(document, options.rows_max);
    document.pages = Some(diagram.page);
    document.title = document.outline.first().map(|heading| heading.text.clone());
    for name in ["host", "version", "modified", "agent"] {
        let value = tree.root().value(name);
        if !value.is_empty() {
            document.metadata.insert(name.to_owned(), value.into());
        }
    }
    document.record_count = diagram.shapes.len() as u64;
    Ok(())
}

/// Unpack a compressed page.
fn inflate(packed: &str, left: &mut u64) -> Result<String, Error> {
    let damaged = |what: &str| Error::damaged(format!("a compressed page is not {what}"));
    let solid: String = packed.split_ascii_whitespace().collect();
    let deflated = BASE64
        .decode(solid.as_bytes())
        .map_err(|_| damaged("valid base64"))?;
    let mut text = String::new();
    DeflateDecoder::new(&*deflated)
        .take(*left + 1)
        .read_to_string(&mut text)
        .map_err(|_| damaged("deflated text"))?;
    *left = left.checked_sub(text.len() as u64).ok_or(Error::TooLarge {
        limit: INFLATED_BYTES_MAX,
        what: "bytes in its compressed pages",
    })?;
    Ok(url_decode(&text))
}

/// `%C3%A4` as `ä`.
pub(super) fn url_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let digits = after
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) if *byte == b'%' => {
                bytes.push(decoded);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

struct Shape {
    page: u32,
    id: String,
    label: String,
    kind: String,
    parent: String,
}

struct Edge {
    page: u32,
    id: String,
    from: String,
    to: String,
    label: String,
}

#[derive(Default)]
struct Diagram {
    page: u32,
    heading: Vec<String>,
    lines: (u64, u64),
    shapes: Vec<Shape>,
    edges: Vec<Edge>,
}

impl Diagram {
    fn begin(&mut self, document: &mut Document, name: Option<String>, lines: (u64, u64)) {
        self.page += 1;
        self.lines = lines;
        let name = name.filter(|name| !name.trim().is_empty());
        self.heading = name
            .iter()
            .map(|name| shorten(name, REPEATED_CHARACTERS_MAX))
            .collect();
        if let Some(text) = name {
            let place = self.place();
            document.push_heading(Heading {
                level: 1,
                text,
                place,
            });
        }
    }

    fn place(&self) -> Place {
        Place {
            page: Some(self.page),
            heading_path: self.heading.clone(),
            ..Place::lines(self.lines.0, self.lines.1)
        }
    }

    fn model(&mut self, document: &mut Document, model: Element) {
        // Labels that sit on an edge are cells whose parent is the edge.
        let mut edge_labels: HashMap<String, String> = HashMap::new();
        let mut cells = Vec::new();
        for cell in model
            .descendants()
            .filter(|element| element.local() == "mxCell")
        {
            cells.push(Found {
                id: cell.value("id"),
                label: label(&cell.value("value")),
                cell,
                note: String::new(),
            });
        }
        // A shape with properties is wrapped in an element that has the id, the label and the properties.
        for object in model.descendants() {
            if !matches!(object.local(), "UserObject" | "object") {
                continue;
            }
            let Some(inner) = object.child("mxCell") else {
                continue;
            };
            let found = cells
                .iter_mut()
                .find(|found| found.cell.position() == inner.position());
            if let Some(found) = found {
                found.id = object.value("id");
                found.label = label(&object.value("label"));
                for (name, value) in object.attributes() {
                    let is_known = matches!(name, "id" | "label" | "placeholders");
                    if !is_known && !value.is_empty() {
                        let _ = write!(found.note, "\n{name}: {value}");
                    }
                }
            }
        }
        let edges: HashMap<String, usize> = cells
            .iter()
            .enumerate()
            .filter(|(_, found)| found.cell.value("edge") == "1")
            .map(|(index, found)| (found.id.clone(), index))
            .collect();
        for found in &cells {
            let parent = found.cell.value("parent");
            if edges.contains_key(&parent) && !found.label.is_empty() {
                let joined = edge_labels.entry(parent).or_default();
                joined.push_str(if joined.is_empty() { "" } else { "; " });
                joined.push_str(&found.label);
            }
        }
        self.shapes(document, &cells, &edges);
        self.edges(&cells, &edge_labels);
    }

    fn shapes(&mut self, document: &mut Document, cells: &[Found], edges: &HashMap<String, usize>) {
        let mut order: Vec<&Found> = cells
            .iter()
            .filter(|found| found.cell.value("vertex") == "1")
            .filter(|found| !edges.contains_key(&found.cell.value("parent")))
            .collect();
        // Top to bottom, then left to right, as far as shapes share a parent: those in a group are placed within it.
        order.sort_by_cached_key(|found| {
            let geometry = found.cell.child("mxGeometry");
            let coordinate =
                |name: &str| geometry.map_or(0, |geometry| whole(&geometry.value(name)));
            (
                found.cell.value("parent"),
                coordinate("y"),
                coordinate("x"),
                found.cell.position(),
            )
        });
        for found in order {
            if !found.label.is_empty() || !found.note.is_empty() {
                let text = format!("{}{}", found.label, found.note);
                document.push(BlockKind::ListItem, text.trim_start(), self.place());
                if let Some(block) = document.blocks.last_mut() {
                    block.level = Some(1);
                }
            }
            self.shapes.push(Shape {
                page: self.page,
                id: found.id.clone(),
                label: found.label.clone(),
                kind: kind(&found.cell.value("style")),
                parent: found.cell.value("parent"),
            });
        }
    }

    fn edges(&mut self, cells: &[Found], labels: &HashMap<String, String>) {
        for found in cells.iter().filter(|found| found.cell.value("edge") == "1") {
            let mut label = found.label.clone();
            if let Some(more) = labels.get(&found.id) {
                label.push_str(if label.is_empty() { "" } else { "; " });
                label.push_str(more);
            }
            self.edges.push(Edge {
                page: self.page,
                id: found.id.clone(),
                from: found.cell.value("source"),
                to: found.cell.value("target"),
                label,
            });
        }
    }

    fn tables(&self, document: &mut Document, rows_max: u64) {
        let labels: HashMap<(u32, &str), &str> = self
            .shapes
            .iter()
            .map(|shape| ((shape.page, &*shape.id), &*shape.label))
            .collect();
        let headers = ["id", "kind", "label", "page", "parent"];
        let mut shapes = Builder::new(headers.map(str::to_owned).to_vec(), rows_max);
        for shape in &self.shapes {
            let page = shape.page.to_string();
            let cells = [&*shape.id, &shape.kind, &shape.label, &page, &shape.parent];
            shapes.push(cells.into_iter());
        }
        let headers = [
            "from",
            "to",
            "label",
            "id",
            "page",
            "from_label",
            "to_label",
        ];
        let mut edges = Builder::new(headers.map(str::to_owned).to_vec(), rows_max);
        for edge in &self.edges {
            let page = edge.page.to_string();
            let end = |id: &str| {
                let label = labels.get(&(edge.page, id)).copied().unwrap_or_default();
                shorten(label, REPEATED_CHARACTERS_MAX)
            };
            let (from, to) = (end(&edge.from), end(&edge.to));
            edges.push(
                [
                    &*edge.from,
                    &edge.to,
                    &edge.label,
                    &edge.id,
                    &page,
                    &from,
                    &to,
                ]
                .into_iter(),
            );
        }
        for (name, table) in [("shapes", shapes), ("edges", edges)] {
            let count = table.row_count();
            if count > 0 {
                let place = Place {
                    rows: Some((1, count)),
                    ..Place::default()
                };
                document.push_table(table.finish(name, place));
            }
        }
    }
}

struct Found<'t> {
    id: String,
    label: String,
    cell: Element<'t>,
    /// Properties of its own, as lines.
    note: String,
}

/// A label without its markup.
fn label(markup: &str) -> String {
    if markup.contains(['<', '&']) {
        let text = html::plain(markup);
        text.lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .filter(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join("\n")
    } else {
        markup.trim().to_owned()
    }
}

/// What a style says a shape is: its first word, or its `shape`.
fn kind(style: &str) -> String {
    let mut parts = style.split(';');
    let shape = style
        .split(';')
        .find_map(|part| part.strip_prefix("shape="));
    let first = parts.next().filter(|first| !first.contains('='));
    shape.or(first).unwrap_or_default().to_owned()
}

/// A coordinate, rounded down.
fn whole(number: &str) -> i64 {
    let digits = number.split('.').next().unwrap_or_default();
    digits.parse().unwrap_or(0)
}
