//! Telemetry: what agents' clients report of their sessions.

use serde::{Deserialize, Serialize};

use crate::id::AgentId;
use crate::money::Money;
use crate::time::Timestamp;

/// Tokens by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenCounts {
    /// Read for the first time.
    pub input: u64,
    /// Written by the model.
    pub output: u64,
    /// Read from the provider's cache.
    pub cache_read: u64,
    /// Read for the first time and put into the provider's cache.
    pub cache_creation: u64,
}

impl TokenCounts {
    /// What a budget of tokens is charged: what the model worked through. What came from the cache counts by its cost alone.
    pub const fn charged(self) -> u64 {
        self.input
            .saturating_add(self.output)
            .saturating_add(self.cache_creation)
    }

    /// The sum, kind by kind.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            output: self.output.saturating_add(other.output),
            cache_read: self.cache_read.saturating_add(other.cache_read),
            cache_creation: self.cache_creation.saturating_add(other.cache_creation),
        }
    }

    /// The larger of both, kind by kind.
    #[must_use]
    pub fn or_more(self, other: Self) -> Self {
        Self {
            input: self.input.max(other.input),
            output: self.output.max(other.output),
            cache_read: self.cache_read.max(other.cache_read),
            cache_creation: self.cache_creation.max(other.cache_creation),
        }
    }

    /// What is here beyond the other, kind by kind.
    #[must_use]
    pub const fn beyond(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_sub(other.input),
            output: self.output.saturating_sub(other.output),
            cache_read: self.cache_read.saturating_sub(other.cache_read),
            cache_creation: self.cache_creation.saturating_sub(other.cache_creation),
        }
    }
}

/// One request that a client made to a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRequest {
    /// The client's session.
    pub session_id: String,
    /// The provider's id of it; made from what is known where the client says none. One of a kind within its session.
    pub request_id: String,
    /// When it ended, as the client says.
    pub at: Timestamp,
    /// Its place among the session's events.
    pub sequence: Option<u64>,
    /// The model that answered.
    pub model: String,
    /// What asked: `main`, `subagent`, `auxiliary`.
    pub query_source: Option<String>,
    /// The agent's name, as the client says it.
    pub agent_name: Option<String>,
    /// The agent that it is charged to, once that is known.
    pub agent_id: Option<AgentId>,
    /// The prompt that it works on.
    pub prompt_id: Option<String>,
    /// What it used.
    pub tokens: TokenCounts,
    /// What it cost, where the client says so.
    pub cost: Option<Money>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u64>,
}

/// What an event is counted as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// A person said something.
    Prompt,
    /// A tool call was let through or not; `false` is not.
    ToolDecision(bool),
    /// A tool call ended; `false` is with a failure.
    ToolResult(bool),
    /// A request to a model failed or was refused.
    Error,
    /// Something else that is known.
    Other,
    /// A name that is not known.
    Unknown,
}

/// Something that happened in a session, other than a request to a model.
#[derive(Debug, Clone, PartialEq)]
pub struct TelemetryEvent {
    /// The client's session.
    pub session_id: String,
    /// One of a kind within the session, the same each time that the event is exported; sorts by time.
    pub event_key: String,
    /// What, such as `claude_code.tool_result`.
    pub name: String,
    /// What it is counted as.
    pub kind: EventKind,
    /// When, as the client says.
    pub at: Timestamp,
    /// Its place among the session's events.
    pub sequence: Option<u64>,
    /// The prompt that it belongs to.
    pub prompt_id: Option<String>,
    /// The tool use that it belongs to.
    pub tool_use_id: Option<String>,
    /// The agent's name, as the client says it.
    pub agent_name: Option<String>,
    /// What else the client says: a JSON object.
    pub attributes: String,
}

/// One point of a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricPoint {
    /// The client's session.
    pub session_id: String,
    /// Which metric, such as `claude_code.token.usage`.
    pub metric: String,
    /// Of which model, where it says so.
    pub model: String,
    /// Of which type, where it says so: `input`, `added`.
    pub kind: String,
    /// A fingerprint of everything that keeps its series apart from others.
    pub series: String,
    /// How its value is to be taken.
    pub temporality: Temporality,
    /// From when on it counts, in nanoseconds since 1970.
    pub started_ns: i64,
    /// Until when it counts, in nanoseconds since 1970.
    pub time_ns: i64,
    /// The value.
    pub value: f64,
}

/// How the values of a series are to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Temporality {
    /// Each counts from where the one before ended.
    Delta,
    /// Each counts from the start.
    Cumulative,
    /// Each stands for itself, and the last one holds.
    Last,
}

/// What telemetry says of who is at work.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionFacts {
    /// The agent's name, where it speaks of the session as a whole.
    pub agent_name: Option<String>,
    /// The user's id with the provider.
    pub user_id: Option<String>,
    /// The user's address.
    pub user_email: Option<String>,
    /// The user's organisation with the provider.
    pub organization_id: Option<String>,
    /// The client, such as `claude-code`.
    pub client: Option<String>,
    /// Its version.
    pub client_version: Option<String>,
}

/// Numbers of events that are missing, the first and the last of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The first that is missing.
    pub first: u64,
    /// The last that is missing.
    pub last: u64,
}

impl Gap {
    /// How many are missing.
    pub const fn len(self) -> u64 {
        self.last.saturating_sub(self.first).saturating_add(1)
    }

    /// A gap holds at least one number.
    pub const fn is_empty(self) -> bool {
        false
    }
}

/// How often what happened in a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionCounts {
    /// Requests to models.
    pub requests: u64,
    /// Of these, those whose cost nobody said.
    pub unpriced: u64,
    /// Requests that failed or were refused.
    pub errors: u64,
    /// What people said.
    pub prompts: u64,
    /// Tool calls that were let through.
    pub tools_accepted: u64,
    /// Tool calls that were not.
    pub tools_rejected: u64,
    /// Tool calls that ended well.
    pub tools_succeeded: u64,
    /// Tool calls that failed.
    pub tools_failed: u64,
    /// Events that are kept, requests left out.
    pub events: u64,
    /// Of these, those whose name is not known.
    pub unknown: u64,
    /// Events that were counted and not kept, because the session has as many as it may.
    pub dropped: u64,
}

/// What telemetry says of a session.
#[derive(Debug, Clone, PartialEq)]
pub struct TelemetrySession {
    /// The client's session.
    pub session_id: String,
    /// The registered agent, where one is known.
    pub agent_id: Option<AgentId>,
    /// Who is at work.
    pub facts: SessionFacts,
    /// The models that answered.
    pub models: Vec<String>,
    /// The time of its first event.
    pub first_seen_at: Timestamp,
    /// The time of its last event.
    pub last_seen_at: Timestamp,
    /// When something of it arrived last.
    pub received_at: Timestamp,
    /// The number of its last event, once events have numbers.
    pub last_sequence: Option<u64>,
    /// Events that are missing.
    pub missing: u64,
    /// Their numbers, as far as they are kept; a client that was started again counts anew.
    pub gaps: Vec<Gap>,
    /// How often what happened.
    pub counts: SessionCounts,
    /// What its requests used.
    pub tokens: TokenCounts,
    /// What they cost.
    pub cost: Money,
    /// How long they took, in milliseconds.
    pub duration_ms: u64,
}
