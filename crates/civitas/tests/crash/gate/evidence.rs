//! What agents and people were told, and what they sent without being told anything.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard};

use serde_json::{Value, json};

use super::check::Finding;

/// A call of a tool. Sending it again is the same call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    pub(crate) tool_use_id: String,
    pub(crate) session: String,
    pub(crate) agent: &'static str,
    pub(crate) tool: &'static str,
    pub(crate) input: Value,
    /// Whether it needs a person.
    pub(crate) asks: bool,
}

impl Call {
    /// The event before it.
    pub(crate) fn before(&self) -> Value {
        self.event("PreToolUse")
    }

    /// The event after it.
    pub(crate) fn after(&self) -> Value {
        let mut event = self.event("PostToolUse");
        event["tool_response"] = json!({ "success": true });
        event["duration_ms"] = json!(3);
        event
    }

    fn event(&self, name: &str) -> Value {
        json!({
            "session_id": self.session, "hook_event_name": name, "cwd": "/work", "permission_mode": "default",
            "transcript_path": "/home/ada/.claude/projects/work/s.jsonl", "agent_type": self.agent,
            "tool_name": self.tool, "tool_use_id": self.tool_use_id, "tool_input": self.input,
        })
    }
}

/// What a call was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) is_allowed: bool,
    pub(crate) reason: String,
}

impl Said {
    pub(crate) fn read(answer: &Value) -> Option<Self> {
        let said = &answer["hookSpecificOutput"];
        let is_allowed = match said["permissionDecision"].as_str()? {
            "allow" => true,
            "deny" => false,
            _ => return None,
        };
        let reason = said["permissionDecisionReason"].as_str()?.to_owned();
        Some(Self { is_allowed, reason })
    }
}

/// What agents and people know.
#[derive(Debug, Default, Clone)]
pub(crate) struct Evidence {
    /// What calls were answered, by their ids.
    pub(crate) answered: HashMap<String, Said>,
    /// Those calls, in the order of the answers.
    pub(crate) calls: Vec<Call>,
    /// What was sent and never answered: it is sent again.
    pub(crate) unanswered: Vec<Call>,
    /// Calls that may run, of which nobody said yet that they did.
    pub(crate) to_report: Vec<Call>,
    /// Calls of which the server knows that they ran.
    pub(crate) reported: HashSet<String>,
    /// What people were told of their decisions, by approval: `true` is a yes.
    pub(crate) decided: HashMap<String, bool>,
    /// The approvals among these since the last start.
    pub(crate) decided_lately: Vec<String>,
    /// What was wrong at once.
    pub(crate) findings: Vec<Finding>,
    /// Approvals that were found approved and not used yet: the kill came between.
    pub(crate) between: usize,
    /// How many of `calls` were looked for after a start.
    pub(crate) looked_for: usize,
}

/// The evidence, shared by all who take part.
#[derive(Default)]
pub(crate) struct Ledger(Mutex<Evidence>);

impl Ledger {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Evidence> {
        self.0.lock().unwrap()
    }

    pub(crate) fn evidence(&self) -> Evidence {
        self.lock().clone()
    }

    /// Notes an answer. The same call is told the same each time.
    pub(super) fn answer(&self, call: Call, said: Said) {
        let mut evidence = self.lock();
        let id = call.tool_use_id.clone();
        match evidence.answered.get(&id) {
            None => {
                if said.is_allowed {
                    evidence.to_report.push(call.clone());
                }
                evidence.answered.insert(id, said);
                evidence.calls.push(call);
            }
            Some(before) if *before == said => {}
            Some(before) => {
                let finding = Finding::Contradicted {
                    tool_use_id: id,
                    before: before.clone(),
                    now: said,
                };
                evidence.findings.push(finding);
            }
        }
    }

    /// Notes that a person's decision was taken. One approval is decided once.
    pub(super) fn decide(&self, approval_id: &str, is_yes: bool) {
        let mut evidence = self.lock();
        let before = evidence.decided.insert(approval_id.to_owned(), is_yes);
        evidence.decided_lately.push(approval_id.to_owned());
        if before.is_some() {
            let what = "was decided twice".to_owned();
            let approval_id = approval_id.to_owned();
            evidence
                .findings
                .push(Finding::Approval { approval_id, what });
        }
    }

    pub(super) fn refuse(&self, what: String) {
        self.lock().findings.push(Finding::Refused(what));
    }
}
