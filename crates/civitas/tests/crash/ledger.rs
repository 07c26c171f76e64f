//! What clients know: what was promised to them, and what streams showed them.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard};

use serde_json::{Value, json};

/// Something to submit. Sending it again is the same submission where it has a key.
#[derive(Debug, Clone)]
pub(crate) struct Submission {
    /// Chosen by the client, so that an intent can be found however its acknowledgement got lost.
    pub(crate) intent_id: String,
    pub(crate) has_key: bool,
    body: Value,
}

impl Submission {
    pub(crate) fn new(
        intent_id: String,
        intent_type: &str,
        parameters: &Value,
        has_key: bool,
    ) -> Self {
        let mut body = json!({
            "intent_type": intent_type, "intent_id": intent_id, "parameters": parameters,
        });
        if has_key {
            body["idempotency_key"] = json!(format!("key of {intent_id}"));
        }
        Self {
            intent_id,
            has_key,
            body,
        }
    }

    pub(crate) const fn body(&self) -> &Value {
        &self.body
    }
}

/// A promise: the server answered that this intent is durable.
#[derive(Debug, Clone)]
pub(crate) struct Acknowledged {
    pub(crate) intent_id: String,
    pub(crate) execution_id: String,
}

/// An entry of a journal as a stream or the journal itself showed it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) seq: u64,
    pub(crate) event_type: String,
    pub(crate) status: String,
    pub(crate) timestamp: String,
}

impl Entry {
    /// Nothing for a `ping`.
    pub(crate) fn read(message: &Value) -> Option<Self> {
        let text = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
        Some(Self {
            seq: message["seq"].as_u64()?,
            event_type: text("event_type"),
            status: text("status"),
            timestamp: text("timestamp"),
        })
    }

    pub(crate) fn is_final(&self) -> bool {
        ["completed", "failed", "cancelled"].contains(&self.status.as_str())
    }
}

/// What clients know.
#[derive(Debug, Default, Clone)]
pub(crate) struct Evidence {
    pub(crate) acknowledged: Vec<Acknowledged>,
    /// What was sent under a key and never answered: it is sent again.
    pub(crate) unanswered: Vec<Submission>,
    /// What was acknowledged under a key: some of it is sent again all the same.
    pub(crate) repeatable: Vec<Submission>,
    /// Refusals, which nobody should get.
    pub(crate) refused: Vec<String>,
    /// What streams showed, over all connections, by execution.
    pub(crate) seen: HashMap<String, Vec<Entry>>,
    /// Executions that someone follows now. Two at a time would write what they see into each other's notes.
    pub(crate) following: HashSet<String>,
}

/// The evidence, shared by the clients.
#[derive(Default)]
pub(crate) struct Ledger(Mutex<Evidence>);

impl Ledger {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Evidence> {
        self.0.lock().unwrap()
    }

    pub(crate) fn evidence(&self) -> Evidence {
        self.lock().clone()
    }

    pub(crate) fn acknowledge(&self, submission: Submission, answer: &Value) {
        let mut evidence = self.lock();
        evidence.acknowledged.push(Acknowledged {
            intent_id: submission.intent_id.clone(),
            execution_id: answer["execution_id"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        });
        if submission.has_key {
            evidence.repeatable.push(submission);
        }
    }

    /// The number of the last entry seen, after which a stream goes on.
    pub(crate) fn last_seen(&self, execution_id: &str) -> u64 {
        let evidence = self.lock();
        let seen = evidence.seen.get(execution_id);
        seen.and_then(|seen| seen.last())
            .map_or(0, |entry| entry.seq)
    }

    /// Streams that did not show an end yet.
    pub(crate) fn unfinished(&self) -> Vec<String> {
        let evidence = self.lock();
        let open = evidence
            .seen
            .iter()
            .filter(|(_, seen)| !seen.last().is_some_and(Entry::is_final));
        open.map(|(id, _)| id.clone()).collect()
    }
}
