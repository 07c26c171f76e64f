//! Front matter as strict YAML, within limits.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

use crate::repairs::Repairs;
use crate::scalar;

/// How deep values may lie in each other, and how many there may be.
const DEPTH_MAX: usize = 24;
const VALUES_MAX: usize = 20_000;

/// A collection that is not closed yet.
enum Open {
    List(Vec<Value>),
    Map(Map<String, Value>, Option<String>),
}

/// Reads a mapping, or says why there is none.
pub(super) fn read(
    text: &str,
    first_line: usize,
    repairs: &mut Repairs,
) -> Result<Map<String, Value>, String> {
    let mut parser = Parser::new_from_str(text);
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    let mut count = 0;
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| error.info().to_owned())?;
        let line = first_line + span.start.line().saturating_sub(1);
        count += 1;
        if count > VALUES_MAX || open.len() > DEPTH_MAX {
            return Err("it holds too much".to_owned());
        }
        let value = match event {
            Event::Scalar(text, ScalarStyle::Plain, _, None) => scalar::plain(&text),
            Event::Scalar(text, ..) => Value::String(text.into_owned()),
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open::Map(Map::new(), None));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::List(list)) => Value::Array(list),
                Some(Open::Map(map, _)) => Value::Object(map),
                None => return Err("it ends before it begins".to_owned()),
            },
            // A path such as `**` looks like one; nobody uses them in agent files on purpose.
            Event::Alias(_) => return Err(format!("line {line} refers to another part")),
            Event::DocumentStart(_) if root.is_some() => {
                return Err("it holds several documents".to_owned());
            }
            Event::StreamEnd => break,
            _ => continue,
        };
        match open.last_mut() {
            Some(Open::List(list)) => list.push(value),
            Some(Open::Map(map, pending)) => match pending.take() {
                None => *pending = Some(key(value)),
                Some(key) => insert(map, key, value, line, repairs),
            },
            None => root = Some(value),
        }
    }
    match root {
        Some(Value::Object(map)) => Ok(map),
        None | Some(Value::Null) => Ok(Map::new()),
        Some(_) => Err("it is not a list of keys and values".to_owned()),
    }
}

fn key(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// Puts a value under its key. Of a key that is there twice, blocks are put together; of single values the first counts.
pub(super) fn insert(
    map: &mut Map<String, Value>,
    key: String,
    value: Value,
    line: usize,
    repairs: &mut Repairs,
) {
    match map.get_mut(&key) {
        None => {
            map.insert(key, value);
        }
        Some(Value::Object(first)) if value.is_object() => {
            repairs.at(line, &format!("`{key}` is there twice: put together"));
            if let Value::Object(second) = value {
                for (name, value) in second {
                    first.entry(name).or_insert(value);
                }
            }
        }
        Some(first) if first.is_null() => *first = value,
        Some(_) => repairs.at(line, &format!("`{key}` is there twice: the first counts")),
    }
}
