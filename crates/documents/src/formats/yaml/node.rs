//! The nodes of a YAML stream, and their JSON.

use std::borrow::Cow;
use std::collections::HashSet;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use crate::error::Error;
use crate::formats::json::DEPTH_MAX;

/// The most nodes of a stream.
const NODES_MAX: usize = 4_000_000;
/// How many bytes of JSON aliases may add: at most this, and this many times the file.
const EXPANDED_BYTES_MAX: usize = 32 << 20;
const EXPANDED_RATIO_MAX: usize = 20;
/// Small files may expand to this much whatever the ratio.
const EXPANDED_BYTES_FREE: usize = 256 << 10;

/// All documents of a stream.
pub(super) struct Nodes<'a> {
    nodes: Vec<Node<'a>>,
    roots: Vec<usize>,
    tags: usize,
}

struct Node<'a> {
    line: usize,
    value: Value<'a>,
}

enum Value<'a> {
    /// A scalar, and whether it was written without quotes and without a tag that makes it a text.
    Scalar(Cow<'a, str>, bool),
    Sequence(Vec<usize>),
    /// Keys and values in turn.
    Mapping(Vec<usize>),
}

impl<'a> Nodes<'a> {
    /// Read a stream. An alias is the node it refers to: nothing is copied yet.
    pub(super) fn read(text: &'a str) -> Result<Self, Error> {
        let mut reader = Reader {
            nodes: Vec::new(),
            roots: Vec::new(),
            open: Vec::new(),
            anchors: Vec::new(),
            tags: 0,
        };
        let mut parser = Parser::new_from_str(text);
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| {
                let at = error.marker();
                // The parser has a limit of its own, which lies beyond ours and is passed by looking ahead.
                if error.info().contains("recursion limit") {
                    return too_deep();
                }
                Error::damaged(format!(
                    "it is not valid YAML at line {}, column {}: {}",
                    at.line(),
                    at.col() + 1,
                    error.info()
                ))
            })?;
            let is_end = matches!(event, Event::StreamEnd);
            reader.take(event, span.start.line())?;
            if is_end {
                break;
            }
        }
        Ok(Self {
            nodes: reader.nodes,
            roots: reader.roots,
            tags: reader.tags,
        })
    }

    /// The outermost node of each document.
    pub(super) fn roots(&self) -> &[usize] {
        &self.roots
    }

    /// How many tags other than those of YAML itself there are.
    pub(super) const fn tags(&self) -> usize {
        self.tags
    }

    fn children(&self, index: usize) -> &[usize] {
        match self.nodes.get(index).map(|node| &node.value) {
            Some(Value::Sequence(children) | Value::Mapping(children)) => children,
            _ => &[],
        }
    }
}

struct Reader<'a> {
    nodes: Vec<Node<'a>>,
    roots: Vec<usize>,
    open: Vec<usize>,
    /// The node of each anchor, by the number the parser gives it.
    anchors: Vec<Option<usize>>,
    tags: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, event: Event<'a>, line: usize) -> Result<(), Error> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = style == ScalarStyle::Plain && !self.makes_text(tag.as_deref());
                self.add(Value::Scalar(text, is_plain), anchor, line)
                    .map(|_| ())
            }
            Event::SequenceStart(anchor, tag) => {
                self.makes_text(tag.as_deref());
                self.enter(Value::Sequence(Vec::new()), anchor, line)
            }
            Event::MappingStart(anchor, tag) => {
                self.makes_text(tag.as_deref());
                self.enter(Value::Mapping(Vec::new()), anchor, line)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.open.pop();
                Ok(())
            }
            Event::Alias(anchor) => {
                let Some(index) = self.anchors.get(anchor).copied().flatten() else {
                    return Err(Error::damaged(format!(
                        "an alias at line {line} refers to nothing"
                    )));
                };
                if self.open.contains(&index) {
                    return Err(Error::damaged(format!(
                        "the alias at line {line} refers to what it is a part of"
                    )));
                }
                self.hang(index);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn enter(&mut self, value: Value<'a>, anchor: usize, line: usize) -> Result<(), Error> {
        if self.open.len() >= DEPTH_MAX {
            return Err(too_deep());
        }
        let index = self.add(value, anchor, line)?;
        self.open.push(index);
        Ok(())
    }

    fn add(&mut self, value: Value<'a>, anchor: usize, line: usize) -> Result<usize, Error> {
        if self.nodes.len() >= NODES_MAX {
            return Err(Error::TooLarge {
                limit: NODES_MAX as u64,
                what: "values",
            });
        }
        let index = self.nodes.len();
        self.nodes.push(Node { line, value });
        if anchor > 0 {
            if self.anchors.len() <= anchor {
                self.anchors.resize(anchor + 1, None);
            }
            if let Some(known) = self.anchors.get_mut(anchor) {
                *known = Some(index);
            }
        }
        self.hang(index);
        Ok(index)
    }

    /// Make a node a child of the innermost open one.
    fn hang(&mut self, index: usize) {
        match self.open.last().and_then(|open| self.nodes.get_mut(*open)) {
            Some(Node {
                value: Value::Sequence(children) | Value::Mapping(children),
                ..
            }) => children.push(index),
            _ => self.roots.push(index),
        }
    }

    /// Whether a tag says that a scalar is a text; tags of the file's own are counted.
    fn makes_text(&mut self, tag: Option<&Tag>) -> bool {
        match tag {
            Some(tag) if tag.is_yaml_core_schema() => tag.suffix == "str" || tag.suffix == "binary",
            Some(tag) => {
                self.tags += 1;
                tag.handle == "!" && tag.suffix.is_empty()
            }
            None => false,
        }
    }
}

/// Writes documents as JSON.
pub(super) struct Writer<'n> {
    nodes: &'n Nodes<'n>,
    json: String,
    /// The line that is being written.
    line: usize,
    depth: usize,
    /// The nodes that were written once; whatever is written again is an expansion.
    written: Vec<bool>,
    expanding: usize,
    /// How many bytes were written, and how many may be.
    total: usize,
    total_max: usize,
}

impl<'n> Writer<'n> {
    /// A writer for the nodes of a text of this length.
    pub(super) fn new(nodes: &'n Nodes<'n>, length: usize) -> Self {
        Self {
            nodes,
            json: String::new(),
            line: 1,
            depth: 0,
            written: vec![false; nodes.nodes.len()],
            expanding: 0,
            total: 0,
            total_max: length.saturating_mul(2).saturating_add(
                length
                    .saturating_mul(EXPANDED_RATIO_MAX)
                    .clamp(EXPANDED_BYTES_FREE, EXPANDED_BYTES_MAX),
            ),
        }
    }

    /// The JSON of a document. Each value begins on the line on which it stands in the source.
    pub(super) fn write(&mut self, root: usize) -> Result<String, Error> {
        self.json.clear();
        self.line = 1;
        self.value(root)?;
        Ok(std::mem::take(&mut self.json))
    }

    fn value(&mut self, index: usize) -> Result<(), Error> {
        let Some(node) = self.nodes.nodes.get(index) else {
            return Ok(());
        };
        // An alias may nest what is nested already.
        if self.depth > DEPTH_MAX {
            return Err(too_deep());
        }
        let again = self
            .written
            .get_mut(index)
            .is_some_and(|written| std::mem::replace(written, true));
        self.expanding += usize::from(again);
        self.depth += 1;
        if self.expanding == 0 {
            while self.line < node.line {
                self.json.push('\n');
                self.line += 1;
            }
        }
        self.count(1)?;
        match &node.value {
            Value::Scalar(text, is_plain) => {
                self.count(text.len())?;
                self.scalar(text, *is_plain);
            }
            Value::Sequence(items) => {
                self.json.push('[');
                for (nth, item) in items.iter().enumerate() {
                    if nth > 0 {
                        self.json.push(',');
                    }
                    self.value(*item)?;
                }
                self.json.push(']');
            }
            Value::Mapping(entries) => self.mapping(entries)?,
        }
        self.depth -= 1;
        self.expanding -= usize::from(again);
        Ok(())
    }

    /// Count what is written, before it is.
    fn count(&mut self, bytes: usize) -> Result<(), Error> {
        self.total = self.total.saturating_add(bytes);
        if self.total > self.total_max {
            return Err(Error::TooLarge {
                limit: self.total_max as u64,
                what: "bytes after its aliases are expanded",
            });
        }
        Ok(())
    }

    fn mapping(&mut self, entries: &[usize]) -> Result<(), Error> {
        let mut pairs = Vec::with_capacity(entries.len() / 2);
        let mut merged = Vec::new();
        for pair in entries.chunks_exact(2) {
            let key = self.key(pair[0])?;
            if key == "<<" && self.is_mapping_or_list(pair[1]) {
                self.merged(pair[1], 0, &mut merged)?;
            } else {
                pairs.push((key, pair[1]));
            }
        }
        // What a mapping says itself wins over what is merged into it, and what is merged first over the rest.
        if !merged.is_empty() {
            let mut known: HashSet<String> = pairs.iter().map(|(key, _)| key.clone()).collect();
            for (key, value) in merged {
                let key = self.key(key)?;
                if known.insert(key.clone()) {
                    pairs.push((key, value));
                }
            }
        }
        self.json.push('{');
        for (nth, (key, value)) in pairs.into_iter().enumerate() {
            if nth > 0 {
                self.json.push(',');
            }
            quote(&mut self.json, &key);
            self.json.push(':');
            self.value(value)?;
        }
        self.json.push('}');
        Ok(())
    }

    fn is_mapping_or_list(&self, index: usize) -> bool {
        let value = self.nodes.nodes.get(index).map(|node| &node.value);
        matches!(value, Some(Value::Mapping(_) | Value::Sequence(_)))
    }

    /// The entries of a mapping, or of a list of mappings, that is merged, and of what is merged into those.
    fn merged(
        &mut self,
        index: usize,
        depth: usize,
        merged: &mut Vec<(usize, usize)>,
    ) -> Result<(), Error> {
        if depth > DEPTH_MAX {
            return Err(too_deep());
        }
        let nodes = self.nodes;
        let is_list = matches!(
            nodes.nodes.get(index).map(|node| &node.value),
            Some(Value::Sequence(_))
        );
        if is_list {
            for item in nodes.children(index) {
                self.merged(*item, depth + 1, merged)?;
            }
            return Ok(());
        }
        let mut inner = Vec::new();
        for pair in nodes.children(index).chunks_exact(2) {
            self.count(1)?;
            let is_merge = matches!(
                nodes.nodes.get(pair[0]).map(|node| &node.value),
                Some(Value::Scalar(text, _)) if text == "<<"
            );
            if is_merge && self.is_mapping_or_list(pair[1]) {
                inner.push(pair[1]);
            } else {
                merged.push((pair[0], pair[1]));
            }
        }
        for index in inner {
            self.merged(index, depth + 1, merged)?;
        }
        Ok(())
    }

    /// A key as text; one that is a list or a mapping as its JSON.
    fn key(&mut self, index: usize) -> Result<String, Error> {
        if let Some(Value::Scalar(text, _)) = self.nodes.nodes.get(index).map(|node| &node.value) {
            let text = text.clone().into_owned();
            self.count(text.len())?;
            return Ok(text);
        }
        let outer = std::mem::take(&mut self.json);
        self.expanding += 1;
        let result = self.value(index);
        self.expanding -= 1;
        let key = std::mem::replace(&mut self.json, outer);
        result.map(|()| key)
    }

    fn scalar(&mut self, text: &str, is_plain: bool) {
        match text {
            "" | "~" | "null" | "Null" | "NULL" if is_plain => self.json.push_str("null"),
            "true" | "false" if is_plain => self.json.push_str(text),
            _ if is_plain && is_json_number(text) => self.json.push_str(text),
            _ => quote(&mut self.json, text),
        }
    }
}

fn too_deep() -> Error {
    Error::TooLarge {
        limit: DEPTH_MAX as u64,
        what: "levels of nesting",
    }
}

/// Whether a scalar is a number in JSON as it is written (RFC 8259, 6).
fn is_json_number(text: &str) -> bool {
    let starts = text
        .as_bytes()
        .first()
        .is_some_and(|byte| byte.is_ascii_digit() || *byte == b'-');
    starts && serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok()
}

fn quote(json: &mut String, text: &str) {
    // Writing text as JSON cannot fail.
    json.push_str(&serde_json::to_string(text).unwrap_or_default());
}
