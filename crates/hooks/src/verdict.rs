//! What an answer says, read as the client reads it.

use serde_json::Value;

use crate::event::Event;
use crate::name::Name;

/// What an answer does to an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Silent,
    /// It may be done.
    Allowed,
    /// The person at the client decides.
    Asked,
    /// It may not be done, for this reason.
    Refused(String),
    /// The whole session stops, for this reason.
    Halted(String),
}

impl Verdict {
    /// The same of a Civitas server, which decides every call: an answer to one that decides nothing is none of such a server. (Where
    /// the person at the client is being asked already, nothing is said.)
    pub fn said(event: &Event, answer: &Value) -> Option<Self> {
        let is_decided = event.name() == Some(Name::PreToolUse);
        Self::of(event, answer).filter(|verdict| !is_decided || *verdict != Self::Silent)
    }

    /// Reads an answer to an event. `None` when the client would not take it for one, and go on as if there were none: it is
    /// no object, speaks of another event, or decides in words that are not this event's.
    pub fn of(event: &Event, answer: &Value) -> Option<Self> {
        let answer = answer.as_object()?;
        let reason = |value: Option<&Value>| {
            let reason = value.and_then(Value::as_str);
            reason.unwrap_or_default().to_owned()
        };
        let specific = match answer.get("hookSpecificOutput") {
            None => Self::Silent,
            Some(output) => {
                let named = output.as_object()?.get("hookEventName");
                if named.and_then(Value::as_str) != Some(event.common.hook_event_name.as_str()) {
                    return None;
                }
                specific(event.name(), output)?
            }
        };
        match answer.get("continue") {
            None | Some(Value::Bool(true)) => {}
            Some(Value::Bool(false)) => {
                return Some(Self::Halted(reason(answer.get("stopReason"))));
            }
            Some(_) => return None,
        }
        match answer.get("decision") {
            None => Some(specific),
            Some(decision) if decision == "block" => {
                Some(Self::Refused(reason(answer.get("reason"))))
            }
            Some(_) => None,
        }
    }
}

/// What the part says that is the event's own.
fn specific(name: Option<Name>, output: &Value) -> Option<Verdict> {
    let word = |value: &Value| value.as_str().map(str::to_owned);
    match name {
        Some(Name::PreToolUse | Name::PreModelSwitch) => {
            let Some(decision) = output.get("permissionDecision") else {
                return Some(Verdict::Silent);
            };
            let reason = word(&output["permissionDecisionReason"]).unwrap_or_default();
            match decision.as_str()? {
                "allow" => Some(Verdict::Allowed),
                "ask" => Some(Verdict::Asked),
                "deny" => Some(Verdict::Refused(reason)),
                _ => None,
            }
        }
        Some(Name::PermissionRequest) => match output["decision"]["behavior"].as_str()? {
            "allow" => Some(Verdict::Allowed),
            "deny" => {
                let message = word(&output["decision"]["message"]);
                Some(Verdict::Refused(message.unwrap_or_default()))
            }
            _ => None,
        },
        Some(Name::Elicitation | Name::ElicitationResult) => match output.get("action") {
            None => Some(Verdict::Silent),
            Some(action) if action == "accept" => Some(Verdict::Allowed),
            Some(action) if action == "decline" || action == "cancel" => {
                Some(Verdict::Refused(String::new()))
            }
            Some(_) => None,
        },
        _ => Some(Verdict::Silent),
    }
}
