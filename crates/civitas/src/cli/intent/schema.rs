//! A JSON Schema as people read parameters.

use serde_json::Value;

use crate::cli::output::{BOLD, DIM, clean, text};

/// How deep nested objects are shown.
const DEPTH_MAX: usize = 3;

/// Whether a member of this name takes text, so that what is typed needs no quotes.
pub(super) fn takes_text(schema: &Value, name: &str) -> bool {
    kinds(schema, &schema["properties"][name])
        .iter()
        .any(|kind| kind == "text")
}

/// One or more lines for each member.
pub(super) fn describe(schema: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    members(schema, schema, 1, &mut lines);
    if lines.is_empty() {
        lines.push(format!("  {DIM}none{DIM:#}"));
    }
    lines
}

fn members(root: &Value, schema: &Value, depth: usize, lines: &mut Vec<String>) {
    let required: Vec<&str> = schema["required"]
        .as_array()
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let Some(properties) = schema["properties"].as_object() else {
        return;
    };
    let indent = "  ".repeat(depth);
    // What must be given comes first.
    let (first, rest): (Vec<_>, Vec<_>) = properties
        .iter()
        .partition(|(name, _)| required.contains(&name.as_str()));
    for (name, member) in first.into_iter().chain(rest) {
        let mut facts = vec![kinds(root, member).join(" or ")];
        if required.contains(&name.as_str()) {
            facts.push("required".to_owned());
        }
        for (key, words) in [
            ("minimum", "at least"),
            ("maximum", "at most"),
            ("default", "default"),
        ] {
            let value = &member[key];
            let says_nothing = value.is_null() || (key == "minimum" && value == 0);
            if !says_nothing {
                facts.push(format!("{words} {value}"));
            }
        }
        facts.retain(|fact| !fact.is_empty());
        lines.push(format!(
            "{indent}{BOLD}{}{BOLD:#}  {DIM}{}{DIM:#}",
            clean(name),
            clean(&facts.join(", "))
        ));
        for line in text(member, "description").lines() {
            lines.push(format!("{indent}    {}", clean(line)));
        }
        if depth < DEPTH_MAX {
            for inner in alternatives(root, member) {
                members(root, inner, depth + 1, lines);
            }
        }
    }
}

/// What a member may be: itself, what it refers to, or any of its alternatives.
fn alternatives<'a>(root: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    let refer = |schema: &'a Value| match schema["$ref"].as_str() {
        Some(reference) => reference
            .strip_prefix('#')
            .and_then(|pointer| root.pointer(pointer))
            .unwrap_or(schema),
        None => schema,
    };
    match schema["anyOf"].as_array() {
        Some(any) => any.iter().map(refer).collect(),
        None => vec![refer(schema)],
    }
}

/// The kinds of value, in words; values that are listed stand for themselves.
fn kinds(root: &Value, member: &Value) -> Vec<String> {
    let mut kinds: Vec<String> = Vec::new();
    for schema in alternatives(root, member) {
        let choices = schema["oneOf"]
            .as_array()
            .or_else(|| schema["enum"].as_array());
        if let Some(choices) = choices {
            let values = choices.iter().map(|choice| match choice.get("const") {
                Some(value) => value.clone(),
                None => choice.clone(),
            });
            let values = values.filter_map(|value| value.as_str().map(|text| format!("`{text}`")));
            kinds.extend(values);
            continue;
        }
        let named = match &schema["type"] {
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            Value::String(one) => vec![one.as_str()],
            _ => Vec::new(),
        };
        kinds.extend(
            named
                .into_iter()
                .filter_map(|name| word(name, &schema["items"])),
        );
    }
    kinds.dedup();
    kinds
}

fn word(name: &str, items: &Value) -> Option<String> {
    Some(match name {
        "null" => return None,
        "string" => "text".to_owned(),
        "array" => match items["type"].as_str() {
            Some("string") => "list of texts".to_owned(),
            _ => "list".to_owned(),
        },
        "boolean" => "true or false".to_owned(),
        "integer" => "whole number".to_owned(),
        other => other.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_reads_as_parameters() {
        let schema = json!({
            "$defs": { "Kind": { "oneOf": [{ "const": "a" }, { "const": "b" }] } },
            "properties": {
                "kind": { "anyOf": [{ "$ref": "#/$defs/Kind" }, { "type": "null" }] },
                "limit": { "type": ["integer", "null"], "minimum": 1, "maximum": 9 },
                "id": { "type": "string", "description": "Which." },
            },
            "required": ["id"],
        });
        let plain: Vec<String> = describe(&schema)
            .iter()
            .map(|line| anstream::adapter::strip_str(line).to_string())
            .collect();
        assert_eq!(
            plain,
            [
                "  id  text, required",
                "      Which.",
                "  kind  `a` or `b`",
                "  limit  whole number, at least 1, at most 9",
            ]
        );
        assert!(takes_text(&schema, "id") && !takes_text(&schema, "limit"));
    }
}
