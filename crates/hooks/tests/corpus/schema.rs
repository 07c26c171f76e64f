//! What a client accepts as an answer, written down a second time and independently of what renders answers: fields that
//! are not here make the client drop the whole answer and run the tool.

use serde_json::{Map, Value};

/// The longest text that a client hands on whole, in UTF-16 code units.
const UNITS_MAX: usize = 10_000;

/// Everything about this answer to this event that the client would not accept.
pub fn violations(event: &str, answer: &Value) -> Vec<String> {
    let Some(answer) = answer.as_object() else {
        return vec!["an answer is an object".to_owned()];
    };
    let mut found = Vec::new();
    for (key, value) in answer {
        let is_valid = match key.as_str() {
            "continue" => *value == Value::Bool(false),
            "stopReason" => answer.contains_key("continue") && is_text(value),
            "decision" => value == "block" && blocks(event),
            "reason" => answer.contains_key("decision") && is_text(value),
            "hookSpecificOutput" => value
                .as_object()
                .is_some_and(|output| is_output(event, output, &mut found)),
            _ => false,
        };
        if !is_valid {
            found.push(format!("{key}: {value}"));
        }
    }
    if answer.contains_key("decision") && !answer.contains_key("reason") {
        found.push("a block has a reason".to_owned());
    }
    found
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| {
        let is_shown = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\t');
        !text.is_empty() && text.encode_utf16().count() <= UNITS_MAX && text.chars().all(is_shown)
    })
}

/// Events whose reference lists a top-level decision.
fn blocks(event: &str) -> bool {
    [
        "UserPromptSubmit",
        "UserPromptExpansion",
        "PostToolUse",
        "PostToolUseFailure",
        "PostToolBatch",
        "Stop",
        "SubagentStop",
        "ConfigChange",
        "PreCompact",
        "TaskCreated",
        "PreModelSwitch",
    ]
    .contains(&event)
}

/// The fields of `hookSpecificOutput` of each event, by the published types.
fn fields(event: &str) -> &'static [&'static str] {
    match event {
        "PreToolUse" => &[
            "permissionDecision",
            "permissionDecisionReason",
            "updatedInput",
            "additionalContext",
        ],
        "PreModelSwitch" => &["permissionDecision", "permissionDecisionReason"],
        "PermissionRequest" => &["decision"],
        "PermissionDenied" => &["retry"],
        "Elicitation" | "ElicitationResult" => &["action", "content"],
        "PostToolUse"
        | "PostToolUseFailure"
        | "PostToolBatch"
        | "UserPromptSubmit"
        | "UserPromptExpansion"
        | "SessionStart"
        | "Setup"
        | "Stop"
        | "SubagentStart"
        | "SubagentStop"
        | "PostModelSwitch"
        | "Notification" => &["additionalContext"],
        _ => &[],
    }
}

fn is_output(event: &str, output: &Map<String, Value>, found: &mut Vec<String>) -> bool {
    let known = fields(event);
    for (key, value) in output {
        let is_valid = match key.as_str() {
            "hookEventName" => value == event,
            key if !known.contains(&key) => false,
            "permissionDecision" => value == "allow" || value == "deny" || value == "ask",
            "permissionDecisionReason" | "additionalContext" => is_text(value),
            "updatedInput" => value.is_object(),
            "action" => value == "decline",
            "decision" => is_decision(value),
            _ => false,
        };
        if !is_valid {
            found.push(format!("hookSpecificOutput.{key}: {value}"));
        }
    }
    output.contains_key("hookEventName") && output.len() > 1
}

fn is_decision(decision: &Value) -> bool {
    let Some(decision) = decision.as_object() else {
        return false;
    };
    let allowed: &[&str] = match decision.get("behavior").and_then(Value::as_str) {
        Some("allow") => &["behavior", "updatedInput"],
        Some("deny") => &["behavior", "message", "interrupt"],
        _ => return false,
    };
    decision.iter().all(|(key, value)| {
        allowed.contains(&key.as_str())
            && match key.as_str() {
                "updatedInput" => value.is_object(),
                "message" => is_text(value),
                "interrupt" => value.is_boolean(),
                _ => true,
            }
    })
}
