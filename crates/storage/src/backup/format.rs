//! The lines of a backup.

use std::collections::BTreeMap;
use std::fmt::Write;

use civitas_model::Timestamp;
use civitas_sql::Val;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What the first line calls itself.
pub(super) const NAME: &str = "civitas-backup";
/// The version of the format that is written, and the newest that is read.
pub(super) const VERSION: i64 = 1;
/// The longest line that is read, in bytes. No row comes near it; without a limit a damaged file could fill the memory.
pub(super) const LINE_BYTES_MAX: u64 = 512 << 20;

/// The first line.
#[derive(Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) format: String,
    pub(super) format_version: i64,
    pub(super) schema_version: i64,
    pub(super) created_at: String,
}

/// The line before a table's rows.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableLine {
    pub(super) table: String,
    pub(super) columns: Vec<String>,
}

/// The last line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Footer {
    pub(super) rows: BTreeMap<String, u64>,
    pub(super) sha256: String,
}

impl Header {
    pub(super) fn new(schema_version: i64, now: Timestamp) -> Self {
        Self {
            format: NAME.into(),
            format_version: VERSION,
            schema_version,
            created_at: now.to_string(),
        }
    }
}

/// A row's line: text and integers as they are, what JSON does not hold exactly as an object.
pub(super) fn row_to_json(row: &[Val]) -> Value {
    row.iter()
        .map(|value| match value {
            Val::Null => Value::Null,
            Val::Int(value) => json!(value),
            Val::Real(value) => json!({ "real": value.to_string() }),
            Val::Text(value) => json!(value),
            Val::Blob(value) => json!({ "hex": hex(value) }),
        })
        .collect()
}

/// Reads a value back; `None` when it is not one.
pub(super) fn value_from_json(value: Value) -> Option<Val> {
    match value {
        Value::Null => Some(Val::Null),
        Value::Number(number) => number.as_i64().map(Val::Int),
        Value::String(text) => Some(Val::Text(text)),
        Value::Object(object) => {
            let (kind, text) = object.iter().next()?;
            match (kind.as_str(), text.as_str()?) {
                ("real", text) => text.parse().ok().map(Val::Real),
                ("hex", text) => unhex(text).map(Val::Blob),
                _ => None,
            }
        }
        Value::Bool(_) | Value::Array(_) => None,
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect::<Option<_>>()?;
    if digits.len() % 2 == 1 {
        return None;
    }
    Some(
        digits
            .chunks_exact(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_read_back_as_it_was() {
        let row = vec![
            Val::Null,
            Val::Int(i64::MIN),
            Val::Int(i64::MAX),
            Val::Real(0.1 + 0.2),
            Val::Real(f64::INFINITY),
            Val::Text("\u{0}\"\n\u{1f980}".into()),
            Val::Blob(vec![0, 127, 255]),
        ];
        let Value::Array(values) = row_to_json(&row) else {
            panic!("a row is an array");
        };
        let read: Option<Vec<Val>> = values.into_iter().map(value_from_json).collect();
        assert_eq!(read, Some(row));
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for value in [
            json!(true),
            json!([1]),
            json!({}),
            json!(1.5),
            json!({ "hex": "0" }),
        ] {
            assert_eq!(value_from_json(value), None);
        }
    }
}
