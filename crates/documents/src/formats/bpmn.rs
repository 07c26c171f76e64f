//! BPMN 2.0 (OMG formal/2013-12-09): processes as steps in the order of their flows, and tables of elements and flows
//! that keep the ids.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt::Write as _;

use super::xml::{Element, Tree, source};
use crate::document::{BlockKind, Document, Heading, HeadingStack};
use crate::error::Error;
use crate::place::Place;
use crate::request::Options;
use crate::table::Builder;
use crate::text::shorten;

/// The most characters of a name that is repeated for all that belongs to it.
const REPEATED_CHARACTERS_MAX: usize = 200;

/// Read BPMN.
pub(super) fn parse(document: &mut Document, bytes: &[u8], options: &Options) -> Result<(), Error> {
    let text = source(document, bytes, options)?;
    let tree = Tree::read(document, &text)?;
    let model = Model::read(&tree);
    if model.nodes.is_empty() && model.pools.is_empty() {
        document.warn(
            "no_process",
            "the file declares BPMN and holds no process",
            Place::default(),
        );
    }
    let mut headings = HeadingStack::default();
    for process in tree
        .elements()
        .filter(|element| element.local() == "process")
    {
        model.process(document, &mut headings, process);
    }
    annotations(document, &tree);
    model.tables(document, options.rows_max);
    document.title = tree
        .elements()
        .find(|element| {
            matches!(element.local(), "definitions" | "collaboration" | "process")
                && element.attribute("name").is_some()
        })
        .map(|element| element.value("name"))
        .or_else(|| document.outline.first().map(|heading| heading.text.clone()));
    for name in ["exporter", "exporterVersion", "targetNamespace"] {
        let value = tree.root().value(name);
        if !value.is_empty() {
            document.metadata.insert(name.to_owned(), value.into());
        }
    }
    document.record_count = model.nodes.len() as u64;
    Ok(())
}

struct Node<'t> {
    id: String,
    kind: &'t str,
    name: String,
    lane: String,
    process: String,
    documentation: String,
    lines: (u64, u64),
}

struct Flow {
    id: String,
    kind: &'static str,
    from: String,
    to: String,
    name: String,
    condition: String,
}

struct Model<'t> {
    nodes: Vec<Node<'t>>,
    by_id: HashMap<String, usize>,
    flows: Vec<Flow>,
    /// Positions of the flows that leave an element.
    leaving: HashMap<String, Vec<usize>>,
    /// The name of the pool that shows a process, by the process's id.
    pools: HashMap<String, String>,
}

impl<'t> Model<'t> {
    fn read(tree: &'t Tree<'t>) -> Self {
        let mut model = Self {
            nodes: Vec::new(),
            by_id: HashMap::new(),
            flows: Vec::new(),
            leaving: HashMap::new(),
            pools: HashMap::new(),
        };
        let mut lanes: HashMap<String, String> = HashMap::new();
        for element in tree.elements() {
            match element.local() {
                "participant" => {
                    model
                        .pools
                        .insert(element.value("processRef"), element.value("name"));
                }
                "lane" => {
                    let name = named(element);
                    for member in element
                        .children()
                        .filter(|child| child.local() == "flowNodeRef")
                    {
                        lanes.insert(member.text(), name.clone());
                    }
                }
                "sequenceFlow" => model.flow("sequence", element),
                "messageFlow" => model.flow("message", element),
                _ => {}
            }
        }
        for process in tree
            .elements()
            .filter(|element| element.local() == "process")
        {
            let process_name = model.process_name(process);
            for element in process
                .descendants()
                .filter(|element| is_node(element.local()))
            {
                let id = element.value("id");
                model.by_id.entry(id.clone()).or_insert(model.nodes.len());
                model.nodes.push(Node {
                    lane: lanes.get(&id).cloned().unwrap_or_default(),
                    id,
                    kind: element.local(),
                    name: element
                        .value("name")
                        .split_whitespace()
                        .collect::<Vec<_>>()
                        .join(" "),
                    process: process_name.clone(),
                    documentation: element
                        .child("documentation")
                        .map(Element::text)
                        .unwrap_or_default(),
                    lines: element.lines(),
                });
            }
        }
        model
    }

    fn flow(&mut self, kind: &'static str, element: Element) {
        let from = element.value("sourceRef");
        self.leaving
            .entry(from.clone())
            .or_default()
            .push(self.flows.len());
        self.flows.push(Flow {
            id: element.value("id"),
            kind,
            from,
            to: element.value("targetRef"),
            name: element.value("name"),
            condition: element
                .child("conditionExpression")
                .map(Element::text)
                .unwrap_or_default(),
        });
    }

    /// A process is known by its own name, or that of the pool that shows it.
    fn process_name(&self, process: Element) -> String {
        let id = process.value("id");
        let pool = self.pools.get(&id).filter(|name| !name.is_empty()).cloned();
        let name = process.value("name");
        let name = if name.is_empty() {
            pool.unwrap_or(id)
        } else {
            name
        };
        shorten(&name, REPEATED_CHARACTERS_MAX)
    }

    /// Add a process: its heading, its documentation, and its elements in the order in which they are reached.
    fn process(&self, document: &mut Document, headings: &mut HeadingStack, process: Element) {
        let name = self.process_name(process);
        headings.enter(1, &name);
        let (first, last) = process.lines();
        let place = |lines: (u64, u64), headings: &HeadingStack| Place {
            heading_path: headings.path(),
            ..Place::lines(lines.0, lines.1)
        };
        document.push_heading(Heading {
            level: 1,
            text: name,
            place: place((first, last), headings),
        });
        if let Some(documentation) = process.child("documentation") {
            let text = documentation.text();
            document.push(
                BlockKind::Paragraph,
                text,
                place(documentation.lines(), headings),
            );
        }
        let members: Vec<usize> = process
            .descendants()
            .filter(|element| is_node(element.local()))
            .filter_map(|element| self.by_id.get(&element.value("id")).copied())
            .collect();
        for index in self.in_flow_order(&members) {
            let Some(node) = self.nodes.get(index) else {
                continue;
            };
            let place = place(node.lines, headings);
            document.push(BlockKind::ListItem, self.sentence(node), place);
            if let Some(block) = document.blocks.last_mut() {
                block.level = Some(1);
            }
        }
    }

    /// Breadth first from the elements that no flow reaches, then from what is left, in document order.
    fn in_flow_order(&self, members: &[usize]) -> Vec<usize> {
        let targets: HashSet<&str> = self
            .flows
            .iter()
            .filter(|flow| flow.kind == "sequence")
            .map(|flow| flow.to.as_str())
            .collect();
        let own: HashSet<usize> = members.iter().copied().collect();
        let is_start = |index: &usize| {
            self.nodes.get(*index).is_some_and(|node| {
                node.kind == "startEvent"
                    || !targets.contains(node.id.as_str()) && self.leaving.contains_key(&node.id)
            })
        };
        let starts = members.iter().copied().filter(is_start);
        let mut order = Vec::with_capacity(members.len());
        let mut seen = HashSet::new();
        for start in starts.chain(members.iter().copied()) {
            let mut queue = VecDeque::from([start]);
            while let Some(index) = queue.pop_front() {
                if !own.contains(&index) || !seen.insert(index) {
                    continue;
                }
                order.push(index);
                let id = self.nodes.get(index).map(|node| &node.id);
                for flow in id.and_then(|id| self.leaving.get(id)).into_iter().flatten() {
                    let next = self
                        .flows
                        .get(*flow)
                        .and_then(|flow| self.by_id.get(&flow.to));
                    queue.extend(next);
                }
            }
        }
        order
    }

    /// One line on an element, such as `Exclusive gateway “In stock?” (Warehouse) → “Ship goods” if yes`.
    fn sentence(&self, node: &Node) -> String {
        let mut text = spell(node.kind);
        if !node.name.is_empty() {
            let _ = write!(text, " “{}”", node.name);
        }
        if !node.lane.is_empty() {
            let _ = write!(text, " ({})", node.lane);
        }
        for (nth, flow) in self.leaving.get(&node.id).into_iter().flatten().enumerate() {
            let Some(flow) = self.flows.get(*flow) else {
                continue;
            };
            text.push_str(if nth == 0 { " → " } else { "; → " });
            text.push_str(&self.label(&flow.to));
            let condition = if flow.name.is_empty() {
                &flow.condition
            } else {
                &flow.name
            };
            if !condition.is_empty() {
                let _ = write!(text, " if {condition}");
            }
        }
        if !node.documentation.is_empty() {
            let _ = write!(text, "\n{}", node.documentation);
        }
        text
    }

    fn label(&self, id: &str) -> String {
        match self.by_id.get(id).and_then(|index| self.nodes.get(*index)) {
            Some(node) if node.name.is_empty() => spell(node.kind).to_lowercase(),
            Some(node) => format!("“{}”", shorten(&node.name, REPEATED_CHARACTERS_MAX)),
            None => shorten(id, REPEATED_CHARACTERS_MAX),
        }
    }

    fn tables(&self, document: &mut Document, rows_max: u64) {
        let headers = ["id", "type", "name", "lane", "process", "documentation"];
        let mut elements = Builder::new(headers.map(str::to_owned).to_vec(), rows_max);
        for node in &self.nodes {
            let cells = [
                &*node.id,
                node.kind,
                &node.name,
                &node.lane,
                &node.process,
                &node.documentation,
            ];
            elements.push(cells.into_iter());
        }
        let headers = ["from", "to", "condition", "id", "name", "type"];
        let mut flows = Builder::new(headers.map(str::to_owned).to_vec(), rows_max);
        for flow in &self.flows {
            let cells = [
                &*flow.from,
                &flow.to,
                &flow.condition,
                &flow.id,
                &flow.name,
                flow.kind,
            ];
            flows.push(cells.into_iter());
        }
        for (name, table) in [("elements", elements), ("flows", flows)] {
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

/// Notes on the diagram.
fn annotations(document: &mut Document, tree: &Tree) {
    for note in tree
        .elements()
        .filter(|element| element.local() == "textAnnotation")
    {
        let text = note.text();
        if !text.is_empty() {
            let (first, last) = note.lines();
            document.push(BlockKind::Quote, text, Place::lines(first, last));
        }
    }
}

fn named(element: Element) -> String {
    let name = element.value("name");
    let name = if name.is_empty() {
        element.value("id")
    } else {
        name
    };
    shorten(&name, REPEATED_CHARACTERS_MAX)
}

/// Whether elements of this name are flow nodes: activities, gateways and events.
fn is_node(name: &str) -> bool {
    let is_event = [
        "startEvent",
        "endEvent",
        "boundaryEvent",
        "intermediateCatchEvent",
        "intermediateThrowEvent",
    ];
    name == "task"
        || name.ends_with("Task")
        || name.ends_with("Gateway")
        || is_event.contains(&name)
        || matches!(
            name,
            "subProcess" | "adHocSubProcess" | "transaction" | "callActivity"
        )
}

/// `exclusiveGateway` as `Exclusive gateway`.
fn spell(kind: &str) -> String {
    let mut words = String::new();
    for (index, character) in kind.char_indices() {
        if index == 0 {
            words.extend(character.to_uppercase());
        } else if character.is_uppercase() {
            words.push(' ');
            words.extend(character.to_lowercase());
        } else {
            words.push(character);
        }
    }
    words
}
