//! Validation of parameters against an intent's published schema.

use std::collections::BTreeSet;
use std::fmt;

use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use crate::registry::nearest;

/// How many errors of one document are reported.
const ERRORS_MAX: usize = 20;
/// The longest detail, in characters: a message may quote the offending value, which may be a document.
const DETAIL_LENGTH_MAX: usize = 300;

/// How many names are suggested.
const NAMES_MAX: usize = 3;

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

/// A compiled schema, and the names of the properties it knows.
pub(crate) struct Schema {
    validator: jsonschema::Validator,
    names: BTreeSet<String>,
}

impl Schema {
    /// Compiles a JSON Schema (draft 2020-12).
    pub(crate) fn compile(schema: &Value) -> Result<Self, String> {
        let validator = jsonschema::draft202012::new(schema).map_err(|error| error.to_string())?;
        let mut names = BTreeSet::new();
        collect_names(schema, &mut names);
        Ok(Self { validator, names })
    }

    /// Everything that is wrong with a document, up to a limit.
    pub(crate) fn check(&self, document: &Value) -> Result<(), Vec<Invalid>> {
        if self.validator.is_valid(document) {
            return Ok(());
        }
        Err(self
            .validator
            .iter_errors(document)
            .take(ERRORS_MAX)
            .map(|error| Invalid {
                pointer: error.instance_path().to_string(),
                detail: self.describe(&error),
            })
            .collect())
    }

    /// What is wrong, with the names that were perhaps meant by one that is not known.
    fn describe(&self, error: &jsonschema::ValidationError<'_>) -> String {
        let detail = shorten(&error.to_string());
        let ValidationErrorKind::AdditionalProperties { unexpected } = error.kind() else {
            return detail;
        };
        let near: BTreeSet<String> = unexpected
            .iter()
            .filter_map(|name| {
                let near = nearest(name, self.names.iter().map(String::as_str));
                near.into_iter().next()
            })
            .collect();
        if near.is_empty() {
            return detail;
        }
        let near: Vec<String> = near.into_iter().take(NAMES_MAX).collect();
        format!("{detail}; perhaps you mean {}", near.join(" or "))
    }
}

/// The names of all properties that a schema and what is in it know.
fn collect_names(schema: &Value, names: &mut BTreeSet<String>) {
    match schema {
        Value::Object(parts) => {
            for (key, part) in parts {
                if let (true, Some(properties)) = (key == "properties", part.as_object()) {
                    names.extend(properties.keys().cloned());
                }
                collect_names(part, names);
            }
        }
        Value::Array(parts) => parts.iter().for_each(|part| collect_names(part, names)),
        _ => {}
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
    fn an_unknown_name_comes_with_those_that_were_perhaps_meant() {
        let schema = Schema::compile(&json!({
            "type": "object",
            "properties": { "filters": { "$ref": "#/$defs/Filters" } },
            "$defs": { "Filters": {
                "type": "object",
                "properties": { "file_type": {}, "status": {} },
                "additionalProperties": false,
            } },
        }))
        .unwrap();
        let errors = schema
            .check(&json!({ "filters": { "filetype": "pdf" } }))
            .unwrap_err();
        assert_eq!(errors[0].pointer, "/filters");
        assert!(
            errors[0].detail.contains("'filetype' was unexpected")
                && errors[0].detail.ends_with("perhaps you mean file_type"),
            "{errors:?}"
        );
    }

    #[test]
    fn a_long_value_is_not_quoted_whole() {
        let schema = Schema::compile(&json!({ "type": "integer" })).unwrap();
        let errors = schema.check(&json!("x".repeat(10_000))).unwrap_err();
        assert!(errors[0].detail.chars().count() <= DETAIL_LENGTH_MAX + 1);
    }
}
