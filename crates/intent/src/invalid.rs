//! What is wrong with a document from outside, and where, in plain words.

use std::fmt;

use civitas_model::ErrorCode;
use serde_path_to_error::{Path, Segment};

use crate::error::Error;

/// One thing that is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// Where, as a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// What.
    pub detail: String,
}

impl Invalid {
    /// Something is wrong at a place.
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            detail: detail.into(),
        }
    }

    /// What a type refused about a document it was read from, in words for whoever wrote the document.
    pub fn from_serde(error: &serde_path_to_error::Error<serde_json::Error>) -> Self {
        let mut pointer = pointer(error.path());
        let text = error.inner().to_string();
        let text = text.split(" at line ").next().unwrap_or_default();
        let named = |prefix| {
            let rest = text.strip_prefix(prefix)?;
            rest.split('`').nth(1)
        };
        let detail = if let Some(name) = named("missing field ") {
            push(&mut pointer, name);
            "is missing: send it".to_owned()
        } else if let Some(name) = named("duplicate field ") {
            end_with(&mut pointer, name);
            "is there twice: send it once".to_owned()
        } else if let Some(name) = named("unknown field ") {
            end_with(&mut pointer, name);
            format!("is not known here{}", known(text))
        } else if named("unknown variant ").is_some() {
            text.split_once(", expected ")
                .map_or_else(|| text.to_owned(), |(_, names)| format!("must be {names}"))
        } else {
            mistaken(text)
        };
        Self { pointer, detail }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pointer = if self.pointer.is_empty() {
            "/"
        } else {
            &self.pointer
        };
        write!(f, "{pointer}: {}", self.detail)
    }
}

/// A handler that finds it only when it runs: the caller must change something.
impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::rejected(ErrorCode::IntentRejected, invalid.detail)
    }
}

/// The names that `expected one of …` lists.
fn known(text: &str) -> String {
    text.split_once(", expected ")
        .map_or_else(String::new, |(_, names)| {
            format!(": it may be {}", names.trim_start_matches("one of "))
        })
}

/// "invalid type: null, expected a string" as "must be a string, not null".
fn mistaken(text: &str) -> String {
    let found = ["invalid type: ", "invalid value: ", "invalid length "]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix));
    match found.and_then(|found| found.rsplit_once(", expected ")) {
        Some((found, expected)) => format!("must be {}, not {}", word(expected), word(found)),
        None => text.to_owned(),
    }
}

/// What JSON calls it.
fn word(text: &str) -> &str {
    match text {
        "a map" | "map" => "an object",
        "a sequence" | "sequence" => "an array",
        "a boolean" => "true or false",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        _ if text.starts_with("struct ") => "an object",
        _ => text,
    }
}

/// The place as a JSON Pointer (RFC 6901).
fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => push(&mut pointer, &index.to_string()),
            Segment::Map { key } => push(&mut pointer, key),
            Segment::Enum { variant } => push(&mut pointer, variant),
            Segment::Unknown => {}
        }
    }
    pointer
}

/// The place of a member that was being read may be known already.
fn end_with(pointer: &mut String, name: &str) {
    let mut last = String::new();
    push(&mut last, name);
    if !pointer.ends_with(&last) {
        pointer.push_str(&last);
    }
}

fn push(pointer: &mut String, name: &str) {
    pointer.push('/');
    pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only what cannot be read matters")]
    struct Outer {
        #[serde(rename = "in/ner")]
        inner: Inner,
        sort: Option<Sort>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only what cannot be read matters")]
    struct Inner {
        count: u32,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Sort {
        Newest,
        Oldest,
    }

    fn said(text: &str) -> String {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let error = serde_path_to_error::deserialize::<_, Outer>(&mut deserializer).unwrap_err();
        Invalid::from_serde(&error).to_string()
    }

    #[test]
    fn a_place_is_named_in_plain_words() {
        assert_eq!(said("{}"), "/in~1ner: is missing: send it");
        assert_eq!(
            said(r#"{"in/ner":{}}"#),
            "/in~1ner/count: is missing: send it"
        );
        assert_eq!(
            said(r#"{"in/ner":{"count":"x"}}"#),
            "/in~1ner/count: must be a whole number, 0 or more, not string \"x\""
        );
        assert_eq!(
            said(r#"{"in/ner":7}"#),
            "/in~1ner: must be an object, not integer `7`"
        );
        assert_eq!(
            said(r#"{"sort":"best"}"#),
            "/sort: must be `newest` or `oldest`"
        );
        assert_eq!(
            said(r#"{"sorted":1}"#),
            "/sorted: is not known here: it may be `in/ner` or `sort`"
        );
        assert_eq!(
            said(r#"{"sort":null,"sort":null}"#),
            "/sort: is there twice: send it once"
        );
    }
}
