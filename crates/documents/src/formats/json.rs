//! JSON: arrays of objects become tables, everything else `name: value` lines. Numbers keep their digits.

mod flatten;
mod node;

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::document::{BlockKind, Document};
use crate::encoding::decode;
use crate::error::Error;
use crate::place::Place;
use crate::request::Options;
use crate::text::{LineCounter, check_size, shorten};
pub(super) use flatten::Flattener;
pub(super) use node::{Node, check_depth};

/// The most levels of nesting.
pub(super) const DEPTH_MAX: usize = 64;

/// The most characters of a name, and of the names above it together.
const NAME_CHARACTERS_MAX: usize = 100;
/// The most names in a heading path.
const PATH_MAX: usize = 8;

/// Read a JSON document.
pub(super) fn parse(document: &mut Document, bytes: &[u8], options: &Options) -> Result<(), Error> {
    check_size(bytes)?;
    let text = decode(document, bytes, options, None)?;
    check_depth(&text)?;
    let root: &RawValue = serde_json::from_str(&text).map_err(|error| {
        Error::damaged(format!(
            "it is not valid JSON at line {}, column {}: {}",
            error.line(),
            error.column(),
            reason(&error)
        ))
    })?;
    let records = read(document, root, &text, options.rows_max, Vec::new())?;
    document.record_count = records.max(document.blocks.len() as u64);
    find_title(document);
    Ok(())
}

/// Add the content of a value of `text` below the headings of `path`. Returns how many rows its own tables have, those
/// within rows not counted.
pub(super) fn read(
    document: &mut Document,
    root: &RawValue,
    text: &str,
    rows_max: u64,
    mut path: Vec<String>,
) -> Result<u64, Error> {
    let mut reader = Reader {
        document,
        lines: LineCounter::new(text),
        start: text.as_ptr() as usize,
        rows_max,
        rows: 0,
    };
    reader.value("", root, &mut path)?;
    Ok(reader.rows)
}

/// Take the title from the entry of that name, if the file has one.
pub(super) fn find_title(document: &mut Document) {
    for name in ["title", "name"] {
        let heading = format!("{name}: ");
        let line = document
            .blocks
            .iter()
            .find_map(|block| block.text.strip_prefix(&heading))
            .and_then(|rest| rest.lines().next());
        if document.title.is_none() && line.is_some_and(|line| !line.trim().is_empty()) {
            document.title = line.map(str::to_owned);
        }
    }
}

/// The reason alone: the position is said in other words.
pub(super) fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ")
        .next()
        .unwrap_or_default()
        .to_owned()
}

struct Reader<'a> {
    document: &'a mut Document,
    lines: LineCounter<'a>,
    /// The address of the text: values are slices of it, so the difference is their offset.
    start: usize,
    rows_max: u64,
    rows: u64,
}

impl Reader<'_> {
    /// Add the content of `raw`, whose dotted name is `name`. Recursion ends at [`DEPTH_MAX`], checked beforehand.
    fn value(&mut self, name: &str, raw: &RawValue, path: &mut Vec<String>) -> Result<(), Error> {
        match Node::read(raw)? {
            Node::Array(items)
                if items.iter().all(|item| item.get().starts_with('{')) && !items.is_empty() =>
            {
                self.table(name, raw, &items, path)
            }
            Node::Array(items) => {
                if items.iter().all(|item| !item.get().starts_with(['{', '['])) {
                    return self.list(name, raw, &items, path);
                }
                for (index, item) in items.iter().enumerate() {
                    self.value(&format!("{name}[{index}]"), item, path)?;
                }
                Ok(())
            }
            Node::Object(entries) => self.object(name, raw, &entries, path),
            Node::Scalar(text) => {
                self.record(name, &text, raw, path);
                Ok(())
            }
        }
    }

    fn object(
        &mut self,
        name: &str,
        raw: &RawValue,
        entries: &[(Cow<'_, str>, &RawValue)],
        path: &mut Vec<String>,
    ) -> Result<(), Error> {
        // The plain values of an object make one block; what is nested follows with its own name.
        let mut lines = String::new();
        for (key, value) in entries {
            if let Node::Scalar(text) = Node::read(value)? {
                if !lines.is_empty() {
                    lines.push('\n');
                }
                lines.push_str(&dotted(name, key));
                lines.push_str(": ");
                lines.push_str(text.trim_end());
            }
        }
        if !lines.is_empty() {
            let place = self.place(raw, path);
            self.document.push(BlockKind::Record, lines, place);
        }
        for (key, value) in entries {
            if value.get().starts_with(['{', '[']) {
                path.push(shorten(key, NAME_CHARACTERS_MAX));
                self.value(&dotted(name, key), value, path)?;
                path.pop();
            }
        }
        Ok(())
    }

    fn list(
        &mut self,
        name: &str,
        raw: &RawValue,
        items: &[&RawValue],
        path: &[String],
    ) -> Result<(), Error> {
        let mut text = String::new();
        for item in items {
            if let Node::Scalar(value) = Node::read(item)? {
                if !text.is_empty() {
                    text.push_str(", ");
                }
                text.push_str(&value);
            }
        }
        self.record(name, &text, raw, path);
        Ok(())
    }

    fn record(&mut self, name: &str, value: &str, raw: &RawValue, path: &[String]) {
        let place = self.place(raw, path);
        let text = if name.is_empty() {
            value.to_owned()
        } else {
            format!("{name}: {value}")
        };
        self.document.push(BlockKind::Record, text, place);
    }

    fn table(
        &mut self,
        name: &str,
        raw: &RawValue,
        items: &[&RawValue],
        path: &[String],
    ) -> Result<(), Error> {
        let mut rows = Flattener::new(self.rows_max);
        for item in items {
            rows.push(item)?;
        }
        let place = Place {
            rows: Some((1, items.len() as u64)),
            ..self.place(raw, path)
        };
        self.rows += rows.row_count();
        let name = if name.is_empty() { "table" } else { name };
        rows.finish(self.document, name, &place);
        Ok(())
    }

    fn place(&mut self, raw: &RawValue, path: &[String]) -> Place {
        let offset = (raw.get().as_ptr() as usize).saturating_sub(self.start);
        let first = self.lines.line_at(offset);
        let breaks = memchr::memchr_iter(b'\n', raw.get().as_bytes()).count() as u64;
        Place {
            heading_path: path.iter().take(PATH_MAX).cloned().collect(),
            ..Place::lines(first, first + breaks)
        }
    }
}

/// The name of an entry below `name`. Both are kept short: every value below repeats them.
pub(super) fn dotted<'a>(name: &str, key: &'a str) -> Cow<'a, str> {
    let is_short = key.len() <= NAME_CHARACTERS_MAX;
    match (name.is_empty(), is_short) {
        (true, true) => Cow::Borrowed(key),
        (true, false) => Cow::Owned(shorten(key, NAME_CHARACTERS_MAX)),
        (false, _) => {
            let (name, key) = (
                shorten(name, NAME_CHARACTERS_MAX),
                shorten(key, NAME_CHARACTERS_MAX),
            );
            Cow::Owned(format!("{name}.{key}"))
        }
    }
}
