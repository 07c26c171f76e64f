//! Validation of parameters against an intent's published schema.

use std::collections::BTreeSet;

use civitas_intent::Invalid;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use crate::registry::nearest;

/// How many errors of one document are reported.
const ERRORS_MAX: usize = 20;
/// The longest detail, in characters: a message may quote the offending value, which may be a document.
const DETAIL_LENGTH_MAX: usize = 300;

/// How many known names are listed when none looks like the one that was sent.
const NAMES_MAX: usize = 20;
/// Names that clients may put among the parameters of any intent: who and where, which the submission says already.
const CONTEXT: [&str; 4] = ["tenant_id", "user_id", "session_id", "solution_id"];

/// A compiled schema, and the names of the properties it knows.
pub(crate) struct Schema {
    validator: jsonschema::Validator,
    /// The names of the properties of every object in it.
    names: BTreeSet<String>,
    /// The only names that the document itself may have, unless the schema leaves them open.
    own: Option<BTreeSet<String>>,
}

impl Schema {
    /// Compiles a JSON Schema (draft 2020-12).
    pub(crate) fn compile(schema: &Value) -> Result<Self, String> {
        let validator = jsonschema::draft202012::new(schema).map_err(|error| error.to_string())?;
        let mut names = BTreeSet::new();
        collect_names(schema, &mut names);
        Ok(Self {
            validator,
            names,
            own: own_names(schema),
        })
    }

    /// Everything that is wrong with a document, up to a limit.
    pub(crate) fn check(&self, document: &Value) -> Result<(), Vec<Invalid>> {
        let unknown = self.unknown(document);
        if unknown.is_empty() && self.validator.is_valid(document) {
            return Ok(());
        }
        let errors = self.validator.iter_errors(document);
        let errors = errors.flat_map(|error| self.describe(&error, &unknown));
        let wrong = unknown.iter().map(|name| {
            let known = self.own.as_ref().unwrap_or(&self.names);
            unexpected("", name, known)
        });
        Err(wrong.chain(errors).take(ERRORS_MAX).collect())
    }

    /// Names of the document that the schema does not know. It need not say that it knows no others.
    fn unknown(&self, document: &Value) -> Vec<String> {
        let (Some(own), Value::Object(members)) = (&self.own, document) else {
            return Vec::new();
        };
        let unknown = members
            .keys()
            .filter(|name| !own.contains(*name) && !CONTEXT.contains(&name.as_str()));
        unknown.cloned().collect()
    }

    /// What is wrong, each at the place of the member that is missing or too many.
    fn describe(
        &self,
        error: &jsonschema::ValidationError<'_>,
        unknown: &[String],
    ) -> Vec<Invalid> {
        let place = error.instance_path().to_string();
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected: names } => names
                .iter()
                .map(|name| unexpected(&place, name, &self.names))
                .collect(),
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                let sent = unknown.iter().map(String::as_str);
                let near = nearest(name, sent.filter(|_| place.is_empty()));
                let detail = near.first().map_or_else(
                    || "is missing: send it".to_owned(),
                    |sent| format!("is missing: perhaps it is what you sent as {sent}"),
                );
                vec![Invalid::new(member(&place, name), detail)]
            }
            _ => vec![Invalid::new(place, shorten(&error.to_string()))],
        }
    }
}

/// A name that is not known, with the one that was perhaps meant, or else with those there are.
fn unexpected(place: &str, name: &str, known: &BTreeSet<String>) -> Invalid {
    let near = nearest(name, known.iter().map(String::as_str));
    let detail = match near.first() {
        Some(near) => format!("is not known here: perhaps you mean {near}"),
        None => {
            let names: Vec<&str> = known.iter().map(String::as_str).take(NAMES_MAX).collect();
            format!("is not known here: known are {}", names.join(", "))
        }
    };
    Invalid::new(member(place, name), detail)
}

/// The pointer to a member (RFC 6901). A name may be as long as a document.
fn member(place: &str, name: &str) -> String {
    let name = shorten(name).replace('~', "~0").replace('/', "~1");
    format!("{place}/{name}")
}

/// The names of the properties of the document itself, when its schema lists them and leaves no others open.
fn own_names(schema: &Value) -> Option<BTreeSet<String>> {
    let open = [
        "additionalProperties",
        "patternProperties",
        "unevaluatedProperties",
        "allOf",
        "anyOf",
        "oneOf",
        "$ref",
    ];
    if open.iter().any(|key| schema.get(key).is_some()) {
        return None;
    }
    let properties = schema.get("properties")?.as_object()?;
    Some(properties.keys().cloned().collect())
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
        assert_eq!(places, ["/a", "/b", "/c"]);
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
        assert_eq!(
            errors,
            [Invalid::new(
                "/filters/filetype",
                "is not known here: perhaps you mean file_type"
            )]
        );
    }

    #[test]
    fn only_names_that_the_schema_lists_are_known_whether_it_says_so_or_not() {
        let schema = Schema::compile(&json!({
            "type": "object",
            "properties": { "file_id": { "type": "string" }, "limit": {} },
            "required": ["file_id"],
        }))
        .unwrap();
        let errors = schema
            .check(&json!({ "fileid": "a", "x/y": 1, "tenant_id": "mine" }))
            .unwrap_err();
        let said: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "/fileid: is not known here: perhaps you mean file_id",
                "/x~1y: is not known here: known are file_id, limit",
                "/file_id: is missing: perhaps it is what you sent as fileid",
            ]
        );
        let open =
            Schema::compile(&json!({ "type": "object", "additionalProperties": true })).unwrap();
        assert_eq!(open.check(&json!({ "anything": 1 })), Ok(()));
    }

    #[test]
    fn a_long_value_is_not_quoted_whole() {
        let schema = Schema::compile(&json!({ "type": "integer" })).unwrap();
        let errors = schema.check(&json!("x".repeat(10_000))).unwrap_err();
        assert!(errors[0].detail.chars().count() <= DETAIL_LENGTH_MAX + 1);
    }
}
