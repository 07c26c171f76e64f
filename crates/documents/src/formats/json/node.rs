//! One level of a JSON value; what is nested stays raw, so that numbers keep their digits and names may repeat.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{DEPTH_MAX, reason};
use crate::error::Error;

/// One level of a JSON value.
pub(in crate::formats) enum Node<'a> {
    /// A value without parts, as text: a string's content, a number's digits, `true`, `false`; nothing for `null`.
    Scalar(Cow<'a, str>),
    /// The items.
    Array(Vec<&'a RawValue>),
    /// The entries in their order; a name may occur twice.
    Object(Vec<(Cow<'a, str>, &'a RawValue)>),
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
            Some(b'"') => Ok(Self::Scalar(string(text))),
            Some(b'n') | None => Ok(Self::Scalar(Cow::Borrowed(""))),
            Some(_) => Ok(Self::Scalar(Cow::Borrowed(text))),
        }
    }
}

/// The content of a valid string.
fn string(quoted: &str) -> Cow<'_, str> {
    let bare = quoted.trim_matches('"');
    if !bare.contains('\\') {
        return Cow::Borrowed(bare);
    }
    // An unpaired surrogate is valid JSON and no text: keep its escape as it is written.
    serde_json::from_str(quoted).map_or(Cow::Borrowed(bare), Cow::Owned)
}

/// A name, borrowed where it is written without escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((Name(name), value)) = map.next_entry()? {
            entries.push((name, value));
        }
        Ok(entries)
    }
}

/// Refuse nesting beyond the limit, in one pass and before anything recurses.
pub(in crate::formats) fn check_depth(text: &str) -> Result<(), Error> {
    let mut depth = 0_usize;
    let mut bytes = text.as_bytes().iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => skip_string(&mut bytes),
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

/// Steps behind the quote that ends an open string.
fn skip_string(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(at) = memchr::memchr2(b'"', b'\\', bytes.as_slice()) {
        if bytes.nth(at) == Some(&b'"') {
            return;
        }
        bytes.next();
    }
    *bytes = [].iter();
}
