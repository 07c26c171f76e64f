//! A tool call in a line, and an event without what was said.

use civitas_policy::ToolCall;
use serde_json::{Value, json};

/// The longest line, in characters.
const LINE_MAX: usize = 300;
/// The longest text that is kept of an event, in bytes.
const TEXT_MAX: usize = 2 * 1024;

/// What the call does, as `Tool: what`.
pub(super) fn detail(call: &ToolCall) -> String {
    let text = |field: &str| call.tool_input.get(field).and_then(Value::as_str);
    let what = [
        "command",
        "file_path",
        "notebook_path",
        "url",
        "query",
        "pattern",
        "description",
        "subagent_type",
    ];
    let what = what.into_iter().find_map(text).unwrap_or_default();
    let line = if what.is_empty() {
        call.tool_name.clone()
    } else {
        format!("{}: {what}", call.tool_name)
    };
    line.chars().take(LINE_MAX).collect()
}

/// What it does it to: the kind of the target, and which.
pub(super) fn target(call: &ToolCall) -> (&'static str, Option<String>) {
    let text = |field: &str| {
        let text = call.tool_input.get(field).and_then(Value::as_str)?;
        Some(text.chars().take(LINE_MAX).collect::<String>())
    };
    match call.tool_name.as_str() {
        "Read" | "Write" | "Edit" | "MultiEdit" => ("file", text("file_path")),
        "NotebookRead" | "NotebookEdit" => ("file", text("notebook_path")),
        "Bash" | "PowerShell" => ("command", text("command")),
        "Task" | "Agent" => ("agent", text("subagent_type")),
        "Grep" | "Glob" | "LS" => ("search", text("pattern")),
        "WebFetch" => ("url", text("url")),
        "WebSearch" => ("search", text("query")),
        _ => ("unknown", None),
    }
}

fn cut(value: &mut Value, depth: usize) {
    /// Deeper than any tool's input.
    const DEPTH_MAX: usize = 64;
    if depth > DEPTH_MAX {
        *value = Value::Null;
        return;
    }
    match value {
        Value::String(text) if text.len() > TEXT_MAX => {
            text.truncate(text.floor_char_boundary(TEXT_MAX));
            text.push('…');
        }
        Value::Array(items) => {
            for item in items {
                cut(item, depth + 1);
            }
        }
        Value::Object(fields) => {
            for value in fields.values_mut() {
                cut(value, depth + 1);
            }
        }
        _ => {}
    }
}

/// The fields of events that hold what people, models and tools said, or what files hold.
const CONTENT: [&str; 14] = [
    "prompt",
    "last_assistant_message",
    "tool_response",
    "content",
    "old_string",
    "new_string",
    "compact_summary",
    "custom_instructions",
    "delta",
    "edits",
    "todos",
    "new_source",
    "text",
    "task_description",
];
/// A kept event, at most, in bytes of JSON.
const EVENT_MAX: usize = 64 * 1024;

/// An event without what was said and what files hold: of each such field only how long it was.
pub(super) fn without_content(event: &Value) -> Value {
    let mut event = event.clone();
    leave_out(&mut event, 0);
    cut(&mut event, 0);
    let length = event.to_string().len();
    if length > EVENT_MAX {
        return json!({ "left_out_bytes": length });
    }
    event
}

fn leave_out(value: &mut Value, depth: usize) {
    /// Deeper than what is known of any event; what lies deeper is cut as everything is.
    const DEPTH_MAX: usize = 8;
    let inner: Vec<&mut Value> = match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                if CONTENT.contains(&name.as_str()) && !value.is_null() {
                    *value = json!({ "left_out_bytes": value.to_string().len() });
                }
            }
            fields.values_mut().collect()
        }
        Value::Array(items) => items.iter_mut().collect(),
        _ => return,
    };
    if depth < DEPTH_MAX {
        for value in inner {
            leave_out(value, depth + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_kept_without_what_was_said_and_what_files_hold() {
        let event = json!({
            "prompt": "my secret", "new_field": "stays", "effort": { "level": "high" },
            "tool_input": { "file_path": "/a", "content": "secret" },
            "tool_calls": [{ "tool_response": { "stdout": "secret" } }],
        });
        let kept = without_content(&event);
        assert!(!kept.to_string().contains("secret"));
        assert_eq!(kept["new_field"], "stays");
        assert_eq!(kept["effort"]["level"], "high");
        assert_eq!(kept["tool_input"]["file_path"], "/a");
        assert_eq!(kept["prompt"]["left_out_bytes"], 11);
        let huge: Vec<String> = (0..1000).map(|_| "x".repeat(100)).collect();
        assert!(without_content(&json!(huge))["left_out_bytes"].is_number());
    }

    #[test]
    fn a_call_is_told_in_a_line() {
        let call = ToolCall::new("Bash", json!({ "command": "ls", "description": "list" }));
        assert_eq!(detail(&call), "Bash: ls");
        assert_eq!(target(&call), ("command", Some("ls".to_owned())));
        let call = ToolCall::new("Write", json!({ "file_path": "/a", "content": "x" }));
        assert_eq!(target(&call), ("file", Some("/a".to_owned())));
        let call = ToolCall::new("mcp__github__list", json!([1]));
        assert_eq!(detail(&call), "mcp__github__list");
        let call = ToolCall::new("Bash", json!({ "command": "ä".repeat(1000) }));
        assert_eq!(detail(&call).chars().count(), LINE_MAX);
    }
}
