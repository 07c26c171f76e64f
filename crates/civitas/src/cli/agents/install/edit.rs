//! Changes of settings that can be taken back.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::cli::failure::Failure;

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "edit", rename_all = "snake_case")]
pub(super) enum Edit {
    /// A setting gets this value.
    Set {
        /// Where.
        path: Vec<String>,
        /// Which.
        value: Value,
    },
    /// A list gets one item more.
    Include {
        /// Which list.
        path: Vec<String>,
        /// Which item.
        item: Value,
    },
}

impl Edit {
    pub(super) fn set(path: &[&str], value: impl Into<Value>) -> Self {
        Self::Set {
            path: path.iter().map(|part| (*part).to_owned()).collect(),
            value: value.into(),
        }
    }

    pub(super) fn include(path: &[&str], item: impl Into<Value>) -> Self {
        Self::Include {
            path: path.iter().map(|part| (*part).to_owned()).collect(),
            item: item.into(),
        }
    }

    /// Makes the change. What is in the way, because it is no object or no list, is left alone and said.
    pub(super) fn apply(&self, settings: &mut Value) -> Result<(), Failure> {
        match self {
            Self::Set { path, value } => {
                let (last, parents) = split(path);
                parent(settings, parents)?.insert(last.to_owned(), value.clone());
            }
            Self::Include { path, item } => {
                let (name, parents) = split(path);
                let around = parent(settings, parents)?;
                let found = around.entry(name).or_insert_with(|| json!([]));
                let Some(items) = found.as_array_mut() else {
                    return Err(in_the_way(path, "list"));
                };
                if !items.contains(item) {
                    items.push(item.clone());
                }
            }
        }
        Ok(())
    }

    /// Takes the change back, as far as it still stands: to what was there `before`.
    pub(super) fn undo(&self, settings: &mut Value, before: &Value) {
        match self {
            Self::Set { path, value } => {
                if settings.pointer(&pointer(path)) != Some(value) {
                    return;
                }
                match before.pointer(&pointer(path)) {
                    Some(earlier) => {
                        if let Some(now) = settings.pointer_mut(&pointer(path)) {
                            *now = earlier.clone();
                        }
                    }
                    None => remove(settings, path, before),
                }
            }
            Self::Include { path, item } => {
                let list = settings.pointer_mut(&pointer(path));
                let Some(list) = list.and_then(Value::as_array_mut) else {
                    return;
                };
                let was_there = before.pointer(&pointer(path));
                let was_there = was_there.and_then(Value::as_array);
                if was_there.is_some_and(|list| list.contains(item)) {
                    return;
                }
                list.retain(|one| one != item);
                if list.is_empty() && was_there.is_none() {
                    remove(settings, path, before);
                }
            }
        }
    }
}

/// Removes a setting, and the objects around it that are empty now and were not there before.
fn remove(settings: &mut Value, path: &[String], before: &Value) {
    let (last, parents) = split(path);
    let around = settings.pointer_mut(&pointer(parents));
    let Some(around) = around.and_then(Value::as_object_mut) else {
        return;
    };
    // The others keep their order.
    around.shift_remove(last);
    let is_left_over = around.is_empty() && before.pointer(&pointer(parents)).is_none();
    if is_left_over && !parents.is_empty() {
        remove(settings, parents, before);
    }
}

/// The object at a path, made where it is missing.
fn parent<'a>(
    settings: &'a mut Value,
    path: &[String],
) -> Result<&'a mut Map<String, Value>, Failure> {
    let mut here = settings;
    for (depth, part) in path.iter().enumerate() {
        let Some(object) = here.as_object_mut() else {
            return Err(in_the_way(&path[..depth], "object"));
        };
        here = object.entry(part.as_str()).or_insert_with(|| json!({}));
    }
    here.as_object_mut()
        .ok_or_else(|| in_the_way(path, "object"))
}

fn in_the_way(path: &[String], wanted: &str) -> Failure {
    let path = pointer(path);
    Failure::failed(format!(
        "`{path}` of the settings is no {wanted}: they are left alone; mend that, and try again"
    ))
}

fn split(path: &[String]) -> (&str, &[String]) {
    match path.split_last() {
        Some((last, parents)) => (last, parents),
        None => ("", &[]),
    }
}

fn pointer(path: &[String]) -> String {
    let escaped = path
        .iter()
        .map(|part| part.replace('~', "~0").replace('/', "~1"));
    escaped.fold(String::new(), |pointer, part| pointer + "/" + &part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edits() -> Vec<Edit> {
        vec![
            Edit::set(&["env", "CIVITAS_TOKEN"], "t"),
            Edit::set(&["env", "OTEL"], "ours"),
            Edit::include(&["hooks", "PreToolUse"], json!({ "hooks": [1] })),
            Edit::include(&["allowed"], "url"),
        ]
    }

    fn through(before: &Value, meanwhile: impl Fn(&mut Value)) -> Value {
        let mut settings = before.clone();
        for edit in edits() {
            edit.apply(&mut settings).unwrap();
        }
        meanwhile(&mut settings);
        for edit in edits().iter().rev() {
            edit.undo(&mut settings, before);
        }
        settings
    }

    #[test]
    fn what_was_done_is_taken_back_and_order_is_kept() {
        for before in [
            json!({}),
            json!({ "env": {} }),
            json!({ "z": 1, "env": { "OTEL": "theirs", "A": "1" }, "hooks": { "PreToolUse": [{ "hooks": [0] }], "Stop": [] }, "a": 2 }),
            json!({ "allowed": ["url"], "hooks": { "PreToolUse": [] } }),
        ] {
            let after = through(&before, |_| {});
            assert_eq!(after.to_string(), before.to_string());
        }
    }

    #[test]
    fn what_others_changed_meanwhile_stays() {
        let after = through(&json!({ "env": { "OTEL": "theirs" } }), |settings| {
            settings["env"]["OTEL"] = json!("newer");
            settings["env"]["B"] = json!("2");
            settings["hooks"]["PreToolUse"] = json!([{ "hooks": [1] }, { "hooks": [2] }]);
        });
        assert_eq!(
            after,
            json!({ "env": { "OTEL": "newer", "B": "2" }, "hooks": { "PreToolUse": [{ "hooks": [2] }] } })
        );
    }

    #[test]
    fn what_is_in_the_way_is_named() {
        let mut settings = json!({ "hooks": [] });
        let error = Edit::include(&["hooks", "Stop"], 1).apply(&mut settings);
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("`/hooks` of the settings is no object")
        );
        let mut settings = json!({ "hooks": { "Stop": {} } });
        let error = Edit::include(&["hooks", "Stop"], 1).apply(&mut settings);
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("`/hooks/Stop` of the settings is no list")
        );
    }
}
