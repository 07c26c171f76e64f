//! Where in the front matter an identity's fields stand.
//!
//! An `x-civitas:` block counts before an `identity:` block, and that before the outermost level, where `rbac:`, `budget:`
//! and `metadata:` may stand beside the identity. A field of a block may also be written flat: `rbac_allowed_tools`.

use serde_json::{Map, Value};

use civitas_model::agent::Role;

/// The maps in which fields may stand, the one that counts most first.
pub(super) struct Homes<'a> {
    maps: Vec<&'a Map<String, Value>>,
    front: &'a Map<String, Value>,
}

impl<'a> Homes<'a> {
    pub(super) fn of(front: &'a Map<String, Value>) -> Self {
        let under = |map: &'a Map<String, Value>, name: &str| map.get(name)?.as_object();
        let own = under(front, "x-civitas");
        let nested = own.and_then(|own| under(own, "identity"));
        let identity = under(front, "identity");
        Self {
            maps: [own, nested, identity, Some(front)]
                .into_iter()
                .flatten()
                .collect(),
            front,
        }
    }

    /// Whether the file says who the agent is: an id or a role that there is, in a block of its own or outermost.
    pub(super) fn say_identity(&self) -> bool {
        let inner = self.maps.len() - 1;
        let in_block = self
            .maps
            .iter()
            .take(inner)
            .any(|map| has_text(map, "agent_id") || has_text(map, "role"));
        let role = self.front.get("role").and_then(Value::as_str);
        in_block || has_text(self.front, "agent_id") || role.and_then(Role::parse).is_some()
    }

    /// A field of the identity itself, such as `role`.
    pub(super) fn own(&self, name: &str) -> Option<&'a Value> {
        self.maps.iter().find_map(|map| present(map, name))
    }

    /// A field of the identity itself that stands in a block, not outermost.
    pub(super) fn inner(&self, name: &str) -> Option<&'a Value> {
        let inner = self.maps.len() - 1;
        self.maps
            .iter()
            .take(inner)
            .find_map(|map| present(map, name))
    }

    /// A field of a block, such as `allowed_tools` of `rbac`.
    pub(super) fn of_block(&self, block: &str, name: &str) -> Option<&'a Value> {
        let flat = format!("{block}_{name}");
        self.maps.iter().find_map(|map| {
            let nested = map.get(block).and_then(Value::as_object);
            nested
                .and_then(|nested| present(nested, name))
                .or_else(|| present(map, &flat))
        })
    }

    /// Whether the registry's own block is there.
    pub(super) fn has_own_block(&self) -> bool {
        self.front.get("x-civitas").is_some_and(Value::is_object)
    }
}

fn present<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    map.get(name).filter(|value| !value.is_null())
}

fn has_text(map: &Map<String, Value>, name: &str) -> bool {
    match map.get(name) {
        Some(Value::String(text)) => !text.trim().is_empty() && text != "undefined",
        Some(Value::Number(_)) => true,
        _ => false,
    }
}

/// A text; a number counts as one.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => tidy(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// On one line and without space around it, if it says something. Escapes can put in what was taken out of the file.
pub(super) fn tidy(text: &str) -> Option<String> {
    let text = text.replace(char::is_control, " ");
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// A number; one in quotes and with marks of thousands counts too.
pub(super) fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text
            .trim()
            .trim_start_matches('$')
            .replace(['_', ','], "")
            .parse()
            .ok(),
        _ => None,
    };
    number.filter(|number: &f64| number.is_finite())
}

/// Yes or no, in the words people use.
pub(super) fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) => match text.trim().to_lowercase().as_str() {
            "true" | "yes" | "on" => Some(true),
            "false" | "no" | "off" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// Texts: a list, or one text with commas. Of a mapping in a list, what is said is `key: value`.
pub(super) fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(items) => Some(items.iter().filter_map(item).collect()),
        Value::String(text) => Some(
            split_outside_brackets(text)
                .into_iter()
                .filter_map(|part| tidy(part.trim().trim_matches(['"', '\''])))
                .collect(),
        ),
        _ => None,
    }
}

fn item(value: &Value) -> Option<String> {
    match value {
        Value::Object(map) => {
            let (key, value) = map.iter().next()?;
            match text(value) {
                Some(value) => tidy(&format!("{key}: {value}")),
                None => tidy(key),
            }
        }
        Value::Bool(truth) => Some(truth.to_string()),
        other => text(other),
    }
}

/// Commas within brackets belong to a tool's rule: `Bash(git add, git commit), Read`.
fn split_outside_brackets(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    text.split(|c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && matches!(c, ',' | '\n')
    })
    .collect()
}
