//! One level of a JSON value; what is nested stays raw, so that numbers keep their digits and names may repeat.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{DEPTH_MAX, reason};
use crate::error::Error;

/// One level of a JSON value.
pub(in crate::formats) enum Node<'a> {
    /// A value without parts, as text: a string's content, a number's digits, `true`, `false`; nothing for `null`.
    Scalar(String),
    /// The items.
    Array(Vec<&'a RawValue>),
    /// The entries in their order; a name may occur twice.
    Object(Vec<(String, &'a RawValue)>),
}

impl<'a> Node<'a> {
    /// Read the outermost level.
    pub(in crate::formats) fn read(raw: &'a RawValue) -> Result<Self, Error> {
        let text = raw.get();
        let damaged = |error: serde_json::Error| {
            Error::damaged(format!("it is not valid JSON: {}", reason(&error)))
        };
        match text.as_bytes().first() {
            Some(b'{') => {
                let mut deserializer = serde_json::Deserializer::from_str(text);
                deserializer
                    .deserialize_map(Entries)
                    .map(Self::Object)
                    .map_err(damaged)
            }
            Some(b'[') => serde_json::from_str(text).map(Self::Array).map_err(damaged),
            // An unpaired surrogate is valid JSON and no text: keep its escape as it is written.
            Some(b'"') => Ok(Self::Scalar(
                serde_json::from_str(text).unwrap_or_else(|_| text.trim_matches('"').to_owned()),
            )),
            Some(b'n') | None => Ok(Self::Scalar(String::new())),
            Some(_) => Ok(Self::Scalar(text.to_owned())),
        }
    }
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(entries)
    }
}

/// Refuse nesting beyond the limit, in one pass and before anything recurses.
pub(in crate::formats) fn check_depth(text: &str) -> Result<(), Error> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(Error::TooLarge {
                        limit: DEPTH_MAX as u64,
                        what: "levels of nesting",
                    });
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}
