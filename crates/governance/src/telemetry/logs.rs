//! Log records: the events of `claude_code.*`, and those of others.

use civitas_model::telemetry::{EventKind, ModelRequest, TelemetryEvent, TokenCounts};
use civitas_model::{Money, Timestamp};
use civitas_otlp::{Attributes, Log};
use serde_json::{Map, Value};

use super::TelemetrySettings;
use super::batch::Said;
use super::facts::{self, Facts};
use crate::limits::TOKENS_MAX;

/// What the names of Claude Code's events begin with.
pub(super) const CLAUDE_CODE: &str = "claude_code.";
/// The event of a request to a model.
const API_REQUEST: &str = "claude_code.api_request";
/// The name of what says none.
const UNNAMED: &str = "log";

/// Events of Claude Code that are known and counted as nothing of their own (its documentation as of version 2.1.240). Names that
/// end with `_` stand for all that begin so.
const KNOWN: &[&str] = &[
    "assistant_response",
    "api_request_body",
    "api_response_body",
    "permission_mode_changed",
    "mcp_server_connection",
    "hook_",
    "subagent_",
    "auth",
    "compaction",
    "at_mention",
    "skill_",
    "plugin_",
    "feedback_",
];

/// A record, and what stands around it.
pub(super) struct View<'a> {
    record: &'a Log,
    name: String,
    pub(super) facts: Facts<'a>,
}

impl<'a> View<'a> {
    pub(super) fn new(record: &'a Log, resource: &'a Attributes, scope: &str) -> Self {
        let facts = Facts {
            own: &record.attributes,
            resource,
            trace_id: &record.trace_id,
        };
        Self {
            record,
            name: name(record, resource, scope),
            facts,
        }
    }

    pub(super) fn understand(
        &self,
        session_id: String,
        settings: TelemetrySettings,
        now: Timestamp,
    ) -> Said {
        let nanos = match self.record.time_ns {
            0 => self.record.observed_ns,
            nanos => nanos,
        };
        let at = facts::time(nanos, now);
        let own = self.facts.own;
        // Numbers mean something within one session.
        let sequence = own
            .count("event.sequence")
            .filter(|_| session_id != facts::UNATTRIBUTED);
        let mut parts = vec![self.name.as_str()];
        let number = sequence.map(|number| number.to_string());
        let everything;
        if let Some(number) = &number {
            parts.push(number);
        } else {
            everything = format!("{:?}", self.record);
            parts.push(&everything);
        }
        let event_key = facts::key(nanos, &parts);
        if self.name == API_REQUEST {
            return Said::Request(self.request(session_id, at, sequence, &event_key));
        }
        let mut more = Map::new();
        let body = &self.record.body;
        if settings.keep_texts && !body.is_empty() && !self.name.ends_with(body.as_str()) {
            more.insert("body".to_owned(), Value::String(body.clone()));
        }
        Said::Event(TelemetryEvent {
            session_id,
            event_key,
            kind: kind(&self.name, own),
            name: self.name.clone(),
            at,
            sequence,
            prompt_id: self.facts.word("prompt.id"),
            tool_use_id: self.facts.first(&["tool_use_id", "gen_ai.tool.call.id"]),
            agent_name: self.facts.agent_name(),
            attributes: self.facts.rest(settings, more),
        })
    }

    fn request(
        &self,
        session_id: String,
        at: Timestamp,
        sequence: Option<u64>,
        event_key: &str,
    ) -> ModelRequest {
        let own = self.facts.own;
        ModelRequest {
            session_id,
            request_id: self
                .facts
                .word("request_id")
                .unwrap_or_else(|| format!("event:{event_key}")),
            at,
            sequence,
            model: self.facts.word("model").unwrap_or_default(),
            query_source: self.facts.word("query_source"),
            agent_name: self.facts.agent_name(),
            agent_id: None,
            prompt_id: self.facts.word("prompt.id"),
            tokens: tokens(own),
            cost: cost(own),
            duration_ms: own.count("duration_ms").map(bounded),
        }
    }
}

/// The tokens that Claude Code says.
pub(super) fn tokens(own: &Attributes) -> TokenCounts {
    let count = |key| own.count(key).map_or(0, bounded);
    TokenCounts {
        input: count("input_tokens"),
        output: count("output_tokens"),
        cache_read: count("cache_read_tokens"),
        cache_creation: count("cache_creation_tokens"),
    }
}

/// The cost that Claude Code says: the whole number where it is there, since the other is rounded.
pub(super) fn cost(own: &Attributes) -> Option<Money> {
    let micros = own.count("cost_usd_micros").map(Money::from_micros);
    let micros = micros.map(|cost| cost.min(Money::MAX));
    micros.or_else(|| Money::from_units(own.number("cost_usd")?))
}

pub(super) fn bounded(count: u64) -> u64 {
    count.min(TOKENS_MAX)
}

fn name(record: &Log, resource: &Attributes, scope: &str) -> String {
    let named = Some(record.event_name.clone()).filter(|name| !name.is_empty());
    let named = named.or_else(|| record.attributes.text("event.name"));
    // Older clients say it as the text.
    let is_name = |text: &&String| {
        (1..=128).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    let named = named.or_else(|| Some(&record.body).filter(is_name).cloned());
    let named = facts::word(named.unwrap_or_else(|| UNNAMED.to_owned()));
    // A collector may lose the scope; the text then still says whose event it is.
    let is_claude_code = scope.starts_with("com.anthropic.claude_code")
        || record.body.strip_prefix(CLAUDE_CODE) == Some(named.as_str())
        || resource.text("service.name").as_deref() == Some("claude-code");
    if is_claude_code && !named.starts_with(CLAUDE_CODE) {
        format!("{CLAUDE_CODE}{named}")
    } else {
        named
    }
}

fn kind(name: &str, own: &Attributes) -> EventKind {
    let Some(event) = name.strip_prefix(CLAUDE_CODE) else {
        return EventKind::Unknown;
    };
    match event {
        "user_prompt" => EventKind::Prompt,
        "tool_decision" => {
            let decision = own.text("decision");
            EventKind::ToolDecision(matches!(decision.as_deref(), Some("accept" | "allow")))
        }
        "tool_result" => EventKind::ToolResult(own.truth("success").unwrap_or(true)),
        "api_error" | "api_refusal" | "api_retries_exhausted" | "internal_error" => {
            EventKind::Error
        }
        event => {
            let is_known = KNOWN
                .iter()
                .any(|known| *known == event || (known.ends_with('_') && event.starts_with(known)));
            if is_known {
                EventKind::Other
            } else {
                EventKind::Unknown
            }
        }
    }
}
