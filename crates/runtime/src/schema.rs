//! Validation of parameters against an intent's published schema.

use std::fmt;

use serde_json::Value;

/// How many errors of one document are reported.
const ERRORS_MAX: usize = 20;
/// The longest detail, in characters: a message may quote the offending value, which may be a document.
const DETAIL_LENGTH_MAX: usize = 300;

/// One thing that is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// Where, as a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// What.
    pub detail: String,
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

/// A compiled schema.
pub(crate) struct Schema(jsonschema::Validator);

impl Schema {
    /// Compiles a JSON Schema (draft 2020-12).
    pub(crate) fn compile(schema: &Value) -> Result<Self, String> {
        jsonschema::draft202012::new(schema)
            .map(Self)
            .map_err(|error| error.to_string())
    }

    /// Everything that is wrong with a document, up to a limit.
    pub(crate) fn check(&self, document: &Value) -> Result<(), Vec<Invalid>> {
        if self.0.is_valid(document) {
            return Ok(());
        }
        Err(self
            .0
            .iter_errors(document)
            .take(ERRORS_MAX)
            .map(|error| Invalid {
                pointer: error.instance_path().to_string(),
                detail: shorten(&error.to_string()),
            })
            .collect())
    }
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= DETAIL_LENGTH_MAX {
        return text.to_owned();
    }
    text.chars().take(DETAIL_LENGTH_MAX).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_error_names_its_place() {
        let schema = Schema::compile(&json!({
            "type": "object",
            "properties": { "a": { "type": "integer" }, "b": { "type": "string" } },
            "required": ["c"],
        }))
        .unwrap();
        let errors = schema.check(&json!({ "a": "x", "b": 1 })).unwrap_err();
        let mut places: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        places.sort_unstable();
        assert_eq!(places, ["", "/a", "/b"]);
    }

    #[test]
    fn a_long_value_is_not_quoted_whole() {
        let schema = Schema::compile(&json!({ "type": "integer" })).unwrap();
        let errors = schema.check(&json!("x".repeat(10_000))).unwrap_err();
        assert!(errors[0].detail.chars().count() <= DETAIL_LENGTH_MAX + 1);
    }
}
