//! The API's types for TypeScript, made from the OpenAPI document: every schema, and a map of every operation.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value};

/// What the file begins with.
const HEAD: &str = "\
// The types of Civitas's API, made from its OpenAPI document: GET /api/v1/schema/typescript.
//
// `Operations` has one member for each operation, by its method and path:
//
//   type Created = Success<\"POST /api/v1/agents\">;
//   type Filter = Operations[\"GET /api/v1/agents\"][\"query\"];
";

/// What it ends with: the helpers that make the map easy to use.
const TAIL: &str = "
/** The name of an operation: its method and path. */
export type Operation = keyof Operations;

/** What an operation answers with one of these statuses. */
export type Answer<O extends Operation, S extends keyof Operations[O][\"responses\"]> = Operations[O][\"responses\"][S];

/** What an operation answers when it worked. */
export type Success<O extends Operation> = Answer<O, Extract<keyof Operations[O][\"responses\"], 200 | 201 | 202 | 204>>;
";

/// The declarations of an OpenAPI document (3.1). The same document gives the same text.
pub(crate) fn declarations(document: &Value) -> String {
    let mut text = HEAD.to_owned();
    for (name, schema) in sorted(&document["components"]["schemas"]) {
        text.push('\n');
        doc(&mut text, "", described(schema));
        let name = identifier(name);
        if is_record(schema) {
            let _ = writeln!(text, "export interface {name} {}", of(schema, ""));
        } else {
            let _ = writeln!(text, "export type {name} = {};", of(schema, ""));
        }
    }
    text.push_str(
        "\n/** Every operation, by its method and path. */\nexport interface Operations {\n",
    );
    for (path, item) in sorted(&document["paths"]) {
        for (method, operation) in sorted(item) {
            self::operation(&mut text, method, path, operation);
        }
    }
    text.push_str("}\n");
    text.push_str(TAIL);
    text
}

fn sorted(value: &Value) -> BTreeMap<&str, &Value> {
    let members = value.as_object().into_iter().flatten();
    members
        .map(|(name, value)| (name.as_str(), value))
        .collect()
}

fn described(value: &Value) -> &str {
    value["description"].as_str().unwrap_or_default()
}

fn doc(text: &mut String, indent: &str, said: &str) {
    // A comment must not end where the text happens to say so.
    let said = said.trim().replace("*/", "*\u{200b}/");
    match said.lines().collect::<Vec<_>>().as_slice() {
        [] => {}
        [line] => {
            let _ = writeln!(text, "{indent}/** {line} */");
        }
        lines => {
            let _ = writeln!(text, "{indent}/**");
            for line in lines {
                let _ = writeln!(text, "{}", format!("{indent} * {line}").trim_end());
            }
            let _ = writeln!(text, "{indent} */");
        }
    }
}

/// One member of the map of operations.
fn operation(text: &mut String, method: &str, path: &str, operation: &Value) {
    let summary = operation["summary"].as_str().unwrap_or_default();
    doc(text, "  ", &format!("{summary}\n{}", described(operation)));
    let method = method.to_uppercase();
    let _ = writeln!(text, "  {}: {{", quoted(&format!("{method} {path}")));
    let _ = writeln!(text, "    method: {};", quoted(&method));
    let _ = writeln!(text, "    path: {};", quoted(path));
    parameters(text, "params", "path", operation);
    parameters(text, "query", "query", operation);
    parameters(text, "headers", "header", operation);
    let body = &operation["requestBody"];
    let optional = if body["required"] == true || body.is_null() {
        ""
    } else {
        "?"
    };
    let _ = writeln!(
        text,
        "    body{optional}: {};",
        content(body, "    ", "never")
    );
    text.push_str("    responses: {\n");
    for (status, response) in sorted(&operation["responses"]) {
        doc(text, "      ", described(response));
        let _ = writeln!(
            text,
            "      {status}: {};",
            content(response, "      ", "void")
        );
    }
    text.push_str("    };\n  };\n");
}

/// The parameters of one place, as a record.
fn parameters(text: &mut String, member: &str, place: &str, operation: &Value) {
    let all = operation["parameters"].as_array().into_iter().flatten();
    let here: Vec<&Value> = all.filter(|one| one["in"] == place).collect();
    if here.is_empty() {
        let _ = writeln!(text, "    {member}: Record<string, never>;");
        return;
    }
    let _ = writeln!(text, "    {member}: {{");
    for one in here {
        doc(text, "      ", described(one));
        let name = property(one["name"].as_str().unwrap_or_default());
        let optional = if one["required"] == true { "" } else { "?" };
        let kind = of(&one["schema"], "      ");
        let _ = writeln!(text, "      {name}{optional}: {kind};");
    }
    text.push_str("    };\n");
}

/// What a body is; JSON where there is a choice.
fn content(holder: &Value, indent: &str, nothing: &str) -> String {
    let Some(kinds) = holder["content"]
        .as_object()
        .filter(|kinds| !kinds.is_empty())
    else {
        return nothing.to_owned();
    };
    let is_json = |name: &&String| name.ends_with("json") && !name.ends_with("ndjson");
    let json = kinds.keys().find(is_json).and_then(|name| kinds.get(name));
    match json {
        Some(kind) => of(&kind["schema"], indent),
        None if kinds.keys().any(|name| name.starts_with("multipart/")) => "FormData".to_owned(),
        None if kinds
            .keys()
            .all(|name| name.starts_with("text/") || name.ends_with("ndjson")) =>
        {
            "string".to_owned()
        }
        None => "Blob".to_owned(),
    }
}

fn is_record(schema: &Value) -> bool {
    let combined = ["oneOf", "anyOf", "allOf"]
        .iter()
        .any(|name| schema[name].is_array());
    schema["properties"].is_object() && !combined && schema["type"] == "object"
}

/// The type of a schema, written at an indentation.
fn of(schema: &Value, indent: &str) -> String {
    let Some(schema) = schema.as_object() else {
        return "unknown".to_owned();
    };
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        return identifier(name.rsplit('/').next().unwrap_or(name));
    }
    if let Some(constant) = schema.get("const") {
        return constant.to_string();
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return union(values.iter().map(Value::to_string).collect());
    }
    for name in ["oneOf", "anyOf"] {
        if let Some(options) = schema.get(name).and_then(Value::as_array) {
            return union(options.iter().map(|option| of(option, indent)).collect());
        }
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        let mut parts: Vec<String> = parts.iter().map(|part| of(part, indent)).collect();
        if schema.get("properties").is_some_and(Value::is_object) {
            parts.push(record(schema, indent));
        }
        return parts.join(" & ");
    }
    match schema.get("type") {
        Some(Value::Array(kinds)) => {
            let kinds = kinds.iter().filter_map(Value::as_str);
            union(kinds.map(|kind| simple(kind, schema, indent)).collect())
        }
        Some(Value::String(kind)) => simple(kind, schema, indent),
        _ if schema.get("properties").is_some_and(Value::is_object) => record(schema, indent),
        _ => "unknown".to_owned(),
    }
}

fn simple(kind: &str, schema: &Map<String, Value>, indent: &str) -> String {
    match kind {
        "string" => "string".to_owned(),
        "integer" | "number" => "number".to_owned(),
        "boolean" => "boolean".to_owned(),
        "null" => "null".to_owned(),
        "array" => {
            let items = schema.get("items").unwrap_or(&Value::Null);
            let items = of(items, indent);
            if items.contains([' ', '{']) {
                format!("Array<{items}>")
            } else {
                format!("{items}[]")
            }
        }
        "object" => record(schema, indent),
        _ => "unknown".to_owned(),
    }
}

fn record(schema: &Map<String, Value>, indent: &str) -> String {
    let properties = schema.get("properties").and_then(Value::as_object);
    let more = schema
        .get("additionalProperties")
        .filter(|more| **more != false);
    let Some(properties) = properties.filter(|properties| !properties.is_empty()) else {
        let values = match more {
            Some(more) if more.is_object() => of(more, indent),
            _ => "unknown".to_owned(),
        };
        return format!("Record<string, {values}>");
    };
    let required = schema.get("required").and_then(Value::as_array);
    let is_required =
        |name: &str| required.is_some_and(|required| required.iter().any(|one| one == name));
    let within = format!("{indent}  ");
    let mut text = "{\n".to_owned();
    for (name, value) in properties {
        doc(&mut text, &within, described(value));
        let optional = if is_required(name) { "" } else { "?" };
        let name = property(name);
        let kind = of(value, &within);
        let _ = writeln!(text, "{within}{name}{optional}: {kind};");
    }
    if more.is_some() {
        let _ = writeln!(text, "{within}[name: string]: unknown;");
    }
    text.push_str(indent);
    text.push('}');
    text
}

fn union(mut options: Vec<String>) -> String {
    let mut seen = Vec::new();
    options.retain(|option| {
        let is_new = !seen.contains(option);
        seen.push(option.clone());
        is_new
    });
    if options.is_empty() {
        return "never".to_owned();
    }
    options.join(" | ")
}

/// A name as a type's name.
fn identifier(name: &str) -> String {
    let fits = |char: char| char.is_ascii_alphanumeric() || char == '_';
    name.chars()
        .map(|char| if fits(char) { char } else { '_' })
        .collect()
}

/// A name as a member's name, in quotes where it needs them.
fn property(name: &str) -> String {
    let fits = |char: char| char.is_ascii_alphanumeric() || char == '_';
    let begins = name.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_');
    if begins && name.chars().all(fits) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_of_schema_has_its_type() {
        for (schema, kind) in [
            (json!({ "type": "string" }), "string"),
            (json!({ "type": ["integer", "null"] }), "number | null"),
            (
                json!({ "type": "array", "items": { "$ref": "#/components/schemas/A" } }),
                "A[]",
            ),
            (
                json!({ "type": "array", "items": { "oneOf": [{ "type": "null" }, { "type": "string" }] } }),
                "Array<null | string>",
            ),
            (json!({ "enum": ["a", 1, null] }), "\"a\" | 1 | null"),
            (json!({ "const": "x" }), "\"x\""),
            (json!({ "type": "object" }), "Record<string, unknown>"),
            (
                json!({ "type": "object", "additionalProperties": { "type": "boolean" } }),
                "Record<string, boolean>",
            ),
            (json!({}), "unknown"),
            (
                json!({ "allOf": [{ "$ref": "#/x/A" }, { "$ref": "#/x/B.C" }] }),
                "A & B_C",
            ),
            (
                json!({ "type": "object", "required": ["a"], "properties": {
                    "a": { "type": "string", "description": "What */ it is." }, "b-c": {} } }),
                "{\n  /** What *\u{200b}/ it is. */\n  a: string;\n  \"b-c\"?: unknown;\n}",
            ),
        ] {
            assert_eq!(of(&schema, ""), kind, "{schema}");
        }
    }
}
