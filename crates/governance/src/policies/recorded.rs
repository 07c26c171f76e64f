//! Decisions as they are recorded: with everything that decides them again, and without what no policy looks at.

use civitas_model::{AgentId, TenantId, Timestamp};
use civitas_policy::{Decision, Outcome, Request};
use civitas_storage::{DECISION_BYTES_MAX, Decision as Recorded};
use serde_json::{Map, Value, json};

/// Fields of a tool's input that policies look at. They are kept up to a length from which on they are refused anyway.
const JUDGED: [&str; 7] = [
    "command",
    "file_path",
    "notebook_path",
    "path",
    "pattern",
    "subagent_type",
    "url",
];
/// A command line beyond 64 KiB is refused, so what is longer decides the same when it is cut to this.
const JUDGED_BYTES_MAX: usize = 66 * 1024;
/// Other texts are kept up to this, and lists up to this many entries: what files hold is not for the record.
const TEXT_BYTES_MAX: usize = 512;
const ENTRIES_MAX: usize = 32;
/// The request as it is recorded.
const REQUEST_BYTES_MAX: usize = DECISION_BYTES_MAX - 16 * 1024;
/// The reason of a decision as it is recorded; names are held to a policy's own bound.
const REASON_BYTES_MAX: usize = 4 * 1024;
const NAME_BYTES_MAX: usize = civitas_policy::NAME_LENGTH_MAX;

/// Which event of which tool use a decision is about.
#[derive(Debug, Clone, Copy)]
pub struct EventKey<'a> {
    /// The agent's session.
    pub session_id: &'a str,
    /// The tool use.
    pub tool_use_id: &'a str,
    /// The event, such as `PreToolUse`.
    pub event: &'a str,
}

/// A decision to record. `answer` is null while the caller is held; approval and reservation are the gate's to fill in.
pub fn recorded(
    tenant_id: &TenantId,
    decision_id: impl Into<String>,
    key: EventKey<'_>,
    request: &Request,
    decision: &Decision,
    answer: Value,
) -> Recorded {
    let agent = request.agent.as_ref();
    let registered = agent.filter(|agent| agent.registered);
    Recorded {
        tenant_id: tenant_id.clone(),
        decision_id: decision_id.into(),
        session_id: key.session_id.to_owned(),
        tool_use_id: key.tool_use_id.to_owned(),
        event: key.event.to_owned(),
        agent_id: registered.and_then(|agent| AgentId::new(agent.id.as_str()).ok()),
        agent_name: agent.map_or_else(String::new, |agent| {
            cut(&agent.name, NAME_BYTES_MAX).to_owned()
        }),
        tool_name: cut(&request.call.tool_name, NAME_BYTES_MAX).to_owned(),
        outcome: name(decision.outcome).to_owned(),
        reason: cut(&decision.reason, REASON_BYTES_MAX).to_owned(),
        request: recordable(request),
        answer,
        fingerprint: decision.fingerprint.clone(),
        approval_id: None,
        reservation_id: None,
        shadow: decision
            .shadow
            .as_ref()
            .map(|shadow| name(shadow.outcome).to_owned()),
        at: Timestamp::from_micros(0),
    }
}

/// The name of an outcome in records and answers.
const fn name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allow => "allow",
        Outcome::Ask => "ask",
        Outcome::Deny => "deny",
    }
}

/// The outcome of a name; nothing for what no policy says, such as `halt`.
pub(super) fn outcome(name: &str) -> Option<Outcome> {
    [Outcome::Allow, Outcome::Ask, Outcome::Deny]
        .into_iter()
        .find(|outcome| self::name(*outcome) == name)
}

/// A request as it is recorded: it is decided as the whole one would be, and has at most half a mebibyte.
pub fn recordable(request: &Request) -> Value {
    let mut value = serde_json::to_value(request).unwrap_or_default();
    if let Some(Value::Object(input)) = value.pointer_mut("/call/tool_input") {
        for (field, value) in input.iter_mut() {
            if JUDGED.contains(&field.as_str())
                && let Value::String(text) = value
            {
                shorten(text, JUDGED_BYTES_MAX);
            } else {
                let held = std::mem::take(value);
                *value = shortened(held);
            }
        }
    }
    if let Some(Value::String(name)) = value.pointer_mut("/call/tool_name") {
        // Longer names are refused, and so is one that is longer by a letter.
        shorten(name, NAME_BYTES_MAX + 1);
    }
    if weight(&value) > REQUEST_BYTES_MAX
        && let Some(input) = value.pointer_mut("/call/tool_input")
    {
        *input = json!({ "left_out": format!("{} bytes", weight(input)) });
    }
    value
}

/// About how many bytes a value has as JSON.
pub(super) fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        // Control characters take six.
        Value::String(text) => {
            let long = text.bytes().filter(|byte| *byte < 0x20).count();
            let escaped = text.bytes().filter(|byte| b"\"\\".contains(byte)).count();
            text.len() + 5 * long + escaped + 3
        }
        Value::Array(list) => 2 + list.iter().map(weight).sum::<usize>(),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| name.len() + 4 + weight(value);
            2 + members.iter().map(member).sum::<usize>()
        }
    }
}

fn shortened(value: Value) -> Value {
    match value {
        Value::String(mut text) => {
            let length = text.len();
            if length > TEXT_BYTES_MAX {
                shorten(&mut text, TEXT_BYTES_MAX / 2);
                text = format!("{text}… ({length} bytes)");
            }
            Value::String(text)
        }
        Value::Array(list) => list.into_iter().take(ENTRIES_MAX).map(shortened).collect(),
        Value::Object(members) => {
            let members = members.into_iter().take(ENTRIES_MAX);
            let shortened = members.map(|(mut name, value)| {
                shorten(&mut name, NAME_BYTES_MAX);
                (name, self::shortened(value))
            });
            Value::Object(shortened.collect::<Map<_, _>>())
        }
        value => value,
    }
}

fn shorten(text: &mut String, bytes: usize) {
    let length = cut(text, bytes).len();
    text.truncate(length);
}

/// The beginning of a text, at most so many bytes.
fn cut(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use civitas_policy::{Agent, NoLinks, Place, PolicySet, Tables, ToolCall};
    use proptest::prelude::*;

    use super::*;

    fn again(request: &Request) -> Request {
        let recorded = recordable(request);
        assert!(recorded.to_string().len() <= DECISION_BYTES_MAX);
        serde_json::from_value(recorded).unwrap()
    }

    fn decided(request: &Request) -> (Outcome, Vec<String>) {
        let set = PolicySet::compile(Tables::defaults().unwrap(), &[]).unwrap();
        let decision = set.decide(request, &NoLinks);
        let policies = decision.policies.into_iter().map(|known| known.id);
        (decision.outcome, policies.collect())
    }

    #[test]
    fn what_is_long_is_decided_the_same_when_it_is_shortened() {
        let long = "x".repeat(1 << 20);
        let nested = json!({ "a": [{ "b": "y".repeat(9_000) }, "z"] });
        for (tool, input) in [
            (
                "Write",
                json!({ "file_path": "/work/src/a", "content": long }),
            ),
            ("Write", json!({ "file_path": long })),
            ("Bash", json!({ "command": format!("echo {long}") })),
            ("Bash", json!({ "command": "\u{1}".repeat(1 << 20) })),
            ("WebFetch", json!({ "url": format!("https://x/{long}") })),
            (
                "Edit",
                json!({ "file_path": "/work/src/a", "edits": vec![nested; 5_000] }),
            ),
            (long.as_str(), json!({})),
            ("Read", Value::Null),
        ] {
            let call = ToolCall::new(tool, input);
            let mut request = Request::new(call, Place::at("/work"));
            request.agent = Some(Agent::new("ada", "developer"));
            assert_eq!(decided(&again(&request)), decided(&request));
        }
        let call = ToolCall::new("Write", json!({ "file_path": "/w/a", "content": long }));
        let request = recordable(&Request::new(call, Place::at("/work")));
        let content = request["call"]["tool_input"]["content"].as_str().unwrap();
        assert!(content.ends_with("… (1048576 bytes)"), "{content}");
    }

    proptest! {
        #[test]
        fn a_request_of_usual_length_is_recorded_as_it_is(command in "[ -~ä]{0,300}") {
            let call = ToolCall::new("Bash", json!({ "command": command, "timeout": 5 }));
            let request = Request::new(call, Place::at("/work"));
            prop_assert_eq!(again(&request), request);
        }

        #[test]
        fn what_is_weighed_is_no_less_than_it_is(text in any::<String>(), count in 0..5_usize) {
            let value = json!({ &text: vec![text.clone(); count], "n": -1.5e10, "b": true });
            prop_assert!(weight(&value) + 16 >= value.to_string().len());
        }
    }
}
