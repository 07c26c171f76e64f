//! What is answered to an event, and how that is written for it.

use serde_json::{Map, Value, json};

use crate::control::Refusal;
use crate::event::Event;
use crate::name::Name;
use crate::text::presentable;

/// What is said where a refusal came without a reason: the client wants one.
const NO_REASON: &str = "refused by Civitas";

/// What is answered to an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Nothing: the client goes on as it would without a hook. It is no approval.
    None,
    /// It may be done, without asking anyone.
    Allow {
        /// Why; the user sees it. May be empty.
        reason: String,
        /// What the tool gets instead: an object that replaces the whole input.
        updated_input: Option<Value>,
    },
    /// It may not be done.
    Deny {
        /// Why; the model sees it.
        reason: String,
    },
    /// The person at the client decides.
    Ask {
        /// Why; that person sees it.
        reason: String,
    },
    /// It does not go on like this: for what already happened, the model is told why.
    Block {
        /// Why; the model sees it.
        reason: String,
    },
    /// The whole session stops.
    Halt {
        /// Why; the user sees it.
        reason: String,
    },
    /// Something the model should know.
    Context(String),
}

impl Answer {
    /// The answer in the form that this event takes: always an object, and `{}` where the event cannot say it.
    ///
    /// A denied and a blocked event are written alike. Where a person cannot be asked, asking refuses what waits for the
    /// answer. A halt also refuses it, so that nothing runs before the session stops. A `Stop` that goes on only because of
    /// a hook is let go.
    pub fn render(&self, event: &Event) -> Value {
        let Some(name) = event.name() else {
            return match self {
                Self::Halt { reason } => halted(reason),
                _ => json!({}),
            };
        };
        match self {
            Self::Allow {
                reason,
                updated_input,
            } => allowed(event, name, reason, updated_input.as_ref()),
            Self::Deny { reason } | Self::Block { reason } => refused(event, name, reason, false),
            Self::Ask { reason } => asked(event, name, reason),
            Self::Halt { reason } => {
                let mut answer = halted(reason);
                if name.is_gate()
                    && let (Some(answer), Value::Object(refusal)) =
                        (answer.as_object_mut(), refused(event, name, reason, true))
                {
                    answer.extend(refusal);
                }
                answer
            }
            Self::Context(text) if name.takes_context() && !event.is_kept_going() => {
                let text = presentable(text);
                if text.is_empty() {
                    return json!({});
                }
                specific(name, [("additionalContext", Value::String(text))])
            }
            Self::None | Self::Context(_) => json!({}),
        }
    }
}

fn allowed(event: &Event, name: Name, reason: &str, updated_input: Option<&Value>) -> Value {
    let takes_input = matches!(name, Name::PreToolUse | Name::PermissionRequest);
    if name.is_gate() && updated_input.is_some_and(|input| !takes_input || !input.is_object()) {
        let reason = "it was allowed with a changed input that it cannot take: a tool's input is a JSON object";
        return refused(event, name, reason, false);
    }
    match name {
        Name::PreToolUse => {
            let mut said = permission("allow", reason);
            if let Some(input) = updated_input {
                said.push(("updatedInput", input.clone()));
            }
            specific(name, said)
        }
        Name::PreModelSwitch => specific(name, permission("allow", reason)),
        Name::PermissionRequest => {
            let mut decision = json!({ "behavior": "allow" });
            if let Some(input) = updated_input {
                decision["updatedInput"] = input.clone();
            }
            specific(name, [("decision", decision)])
        }
        _ => json!({}),
    }
}

fn asked(event: &Event, name: Name, reason: &str) -> Value {
    match name.refusal() {
        Refusal::Permission => specific(name, permission("ask", reason)),
        // That person is being asked at this very moment.
        Refusal::Behavior => json!({}),
        _ if name.is_gate() => refused(event, name, reason, false),
        _ => json!({}),
    }
}

fn refused(event: &Event, name: Name, reason: &str, interrupt: bool) -> Value {
    if event.is_kept_going() || event.is_settled() {
        return json!({});
    }
    let reason = required(reason);
    match name.refusal() {
        Refusal::Permission => specific(name, permission("deny", &reason)),
        Refusal::Behavior => {
            let decision = json!({ "behavior": "deny", "message": reason, "interrupt": interrupt });
            specific(name, [("decision", decision)])
        }
        Refusal::Decision => json!({ "decision": "block", "reason": reason }),
        Refusal::Action => specific(name, [("action", json!("decline"))]),
        Refusal::No => json!({}),
    }
}

fn halted(reason: &str) -> Value {
    json!({ "continue": false, "stopReason": required(reason) })
}

/// A permission decision and, when there is one, its reason.
fn permission(decision: &str, reason: &str) -> Vec<(&'static str, Value)> {
    let mut said = vec![("permissionDecision", json!(decision))];
    let reason = presentable(reason);
    if !reason.is_empty() {
        said.push(("permissionDecisionReason", Value::String(reason)));
    }
    said
}

fn specific(name: Name, said: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let mut output = Map::new();
    output.insert("hookEventName".to_owned(), json!(name.as_str()));
    output.extend(said.into_iter().map(|(key, value)| (key.to_owned(), value)));
    json!({ "hookSpecificOutput": output })
}

/// The reason, or what stands for one.
fn required(reason: &str) -> String {
    let reason = presentable(reason);
    if reason.trim().is_empty() {
        return NO_REASON.to_owned();
    }
    reason
}
