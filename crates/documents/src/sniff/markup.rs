//! HTML, and XML by its outermost element.

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::format::Format;

/// How much of the beginning is searched for what tells formats apart, in bytes.
const OPENING_BYTES: usize = 4_096;
/// How many elements show that a text without an XML declaration is XML all the same.
const ELEMENTS_MAX: usize = 50;

/// Elements that HTML begins with where it leaves out its root.
const FLOW: &[&str] = &[
    "head", "body", "meta", "title", "script", "style", "link", "div", "p", "span", "table", "h1",
    "h2", "h3", "ul", "ol", "main", "article", "section", "header", "nav", "form", "a", "b", "br",
    "pre",
];

/// HTML, and XML by its outermost element.
pub(super) fn recognise(text: &str, extension: &str) -> Option<Format> {
    let start = text.trim_start();
    if !start.starts_with('<') {
        return None;
    }
    let opening = start
        .get(..start.floor_char_boundary(OPENING_BYTES))
        .unwrap_or(start)
        .to_ascii_lowercase();
    if opening.starts_with("<!doctype html") {
        return Some(Format::Html);
    }
    let is_declared = opening.starts_with("<?xml");
    let Some(root) = root(start) else {
        let is_html =
            opening.contains("<html") || (opening.starts_with("<!--") && opening.contains("</"));
        return if is_html {
            Some(Format::Html)
        } else {
            is_declared.then_some(Format::Xml)
        };
    };
    let local = root
        .rsplit_once(':')
        .map_or(root, |(_, local)| local)
        .to_ascii_lowercase();
    match local.as_str() {
        "html" => return Some(Format::Html),
        "mxfile" | "mxgraphmodel" => return Some(Format::Drawio),
        "svg" => return Some(Format::Svg),
        "definitions" if opening.contains("omg.org/spec/bpmn") => return Some(Format::Bpmn),
        _ => {}
    }
    if is_declared || opening.contains(" xmlns") {
        return Some(Format::Xml);
    }
    let is_page = FLOW.contains(&local.as_str()) || matches!(extension, "html" | "htm");
    if is_page || (opening.contains("<html") && !matches!(extension, "xml")) {
        return Some(Format::Html);
    }
    (extension == "xml" || is_well_formed(start)).then_some(Format::Xml)
}

/// The name of the outermost element, behind declarations, comments and a DOCTYPE.
fn root(text: &str) -> Option<&str> {
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix("<?") {
            rest = after.split_once("?>")?.1;
        } else if let Some(after) = rest.strip_prefix("<!--") {
            rest = after.split_once("-->")?.1;
        } else if let Some(after) = rest.strip_prefix("<!") {
            // A DOCTYPE may hold declarations of its own in brackets.
            let (head, tail) = after.split_once('>')?;
            rest = if head.contains('[') {
                after
                    .split_once("]>")
                    .or_else(|| after.split_once("] >"))?
                    .1
            } else {
                tail
            };
        } else {
            let name = rest.strip_prefix('<')?;
            let end = name.find(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/'))?;
            let name = name.get(..end)?;
            let begins_well = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
            return begins_well.then_some(name);
        }
    }
}

/// Whether the first elements are closed as XML asks, and there are at least two tags.
fn is_well_formed(text: &str) -> bool {
    let mut reader = Reader::from_str(text);
    reader.config_mut().allow_dangling_amp = true;
    let mut tags = 0;
    let (mut opened, mut closed) = (0, 0);
    while tags < ELEMENTS_MAX * 2 {
        match reader.read_event() {
            Ok(Event::Start(_)) => opened += 1,
            Ok(Event::End(_)) => closed += 1,
            Ok(Event::Empty(_)) => {
                opened += 1;
                closed += 1;
            }
            // The text may be cut where it cannot be.
            Ok(Event::Eof) | Err(quick_xml::Error::Syntax(_)) => break,
            Ok(_) => continue,
            Err(_) => return false,
        }
        tags += 1;
    }
    opened >= 1 && closed >= 1
}
