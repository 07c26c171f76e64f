//! Spans: `gen_ai.*` (the semantic conventions of OpenTelemetry, still in development), `OpenInference`, and Claude Code's own.

use civitas_model::Timestamp;
use civitas_model::telemetry::{EventKind, ModelRequest, TelemetryEvent, TokenCounts};
use civitas_otlp::{Attributes, Span};
use serde_json::{Map, Value};

use super::TelemetrySettings;
use super::batch::Said;
use super::facts::{self, Facts};
use super::logs::{self, CLAUDE_CODE, bounded};

/// Operations of `gen_ai` that ask a model.
const ASKING: &[&str] = &["chat", "text_completion", "generate_content", "embeddings"];

/// A span, and what stands around it.
pub(super) struct View<'a> {
    span: &'a Span,
    pub(super) facts: Facts<'a>,
}

impl<'a> View<'a> {
    pub(super) fn new(span: &'a Span, resource: &'a Attributes) -> Self {
        let facts = Facts {
            own: &span.attributes,
            resource,
            trace_id: &span.trace_id,
        };
        Self { span, facts }
    }

    pub(super) fn understand(
        &self,
        session_id: String,
        settings: TelemetrySettings,
        now: Timestamp,
    ) -> Said {
        match self.request(&session_id, now) {
            // What failed is no request that was answered.
            Some(request) if !self.span.is_error || request.tokens != TokenCounts::default() => {
                Said::Request(request)
            }
            _ => Said::Event(self.event(session_id, settings, now)),
        }
    }

    fn duration_ms(&self) -> Option<u64> {
        let nanos = self.span.end_ns.checked_sub(self.span.start_ns)?;
        Some(bounded(nanos / 1_000_000))
    }

    fn operation(&self) -> Option<String> {
        self.facts.word("gen_ai.operation.name")
    }

    fn request(&self, session_id: &str, now: Timestamp) -> Option<ModelRequest> {
        let own = self.facts.own;
        let (tokens, id) = if self.span.name == "claude_code.llm_request" {
            // The same request is also an event, which names it alike; without its id it would count twice.
            (logs::tokens(own), Some(self.facts.word("request_id")?))
        } else if self
            .operation()
            .is_some_and(|operation| ASKING.contains(&operation.as_str()))
        {
            (conventional(own), self.facts.word("gen_ai.response.id"))
        } else if own.text("openinference.span.kind").as_deref() == Some("LLM") {
            (open_inference(own), None)
        } else {
            return None;
        };
        let span = self.span;
        let id = id.unwrap_or_else(|| format!("span:{}:{}", span.trace_id, span.span_id));
        let models = [
            "gen_ai.response.model",
            "gen_ai.request.model",
            "llm.model_name",
            "model",
        ];
        Some(ModelRequest {
            session_id: session_id.to_owned(),
            request_id: id,
            at: facts::time(span.end_ns, now),
            sequence: None,
            model: self.facts.first(&models).unwrap_or_default(),
            query_source: self.facts.word("query_source"),
            agent_name: self.facts.agent_name(),
            agent_id: None,
            prompt_id: self.facts.word("prompt.id"),
            tokens,
            cost: logs::cost(own),
            duration_ms: self.duration_ms(),
        })
    }

    fn event(
        &self,
        session_id: String,
        settings: TelemetrySettings,
        now: Timestamp,
    ) -> TelemetryEvent {
        let span = self.span;
        let mut more = Map::new();
        for (name, said) in [
            ("trace_id", &span.trace_id),
            ("span_id", &span.span_id),
            ("parent_span_id", &span.parent_span_id),
            ("status", &span.status),
        ] {
            if !said.is_empty() {
                more.insert(name.to_owned(), Value::String(said.clone()));
            }
        }
        if let Some(duration) = self.duration_ms() {
            more.insert("duration_ms".to_owned(), duration.into());
        }
        let name = facts::word(span.name.clone());
        TelemetryEvent {
            session_id,
            event_key: facts::key(span.start_ns, &[&span.trace_id, &span.span_id, &name]),
            kind: self.kind(&name),
            name,
            at: facts::time(span.start_ns, now),
            sequence: None,
            prompt_id: self.facts.word("prompt.id"),
            tool_use_id: self.facts.first(&["tool_use_id", "gen_ai.tool.call.id"]),
            agent_name: self.facts.agent_name(),
            attributes: self.facts.rest(settings, more),
        }
    }

    fn kind(&self, name: &str) -> EventKind {
        let operation = self.operation();
        let is_error = self.span.is_error;
        match operation.as_deref() {
            Some("execute_tool") => EventKind::ToolResult(!is_error),
            Some(operation) if ASKING.contains(&operation) => EventKind::Error,
            Some(_) => EventKind::Other,
            // Their tool calls are events, too.
            None if name.starts_with(CLAUDE_CODE) => EventKind::Other,
            None => EventKind::Unknown,
        }
    }
}

/// Tokens by the conventions, where the input includes what came from the cache and what went into it.
fn conventional(own: &Attributes) -> TokenCounts {
    let count = |keys: &[&str]| {
        let found = keys.iter().find_map(|key| own.count(key));
        bounded(found.unwrap_or_default())
    };
    let cache_read = count(&["gen_ai.usage.cache_read.input_tokens"]);
    let cache_creation = count(&["gen_ai.usage.cache_creation.input_tokens"]);
    let input = count(&["gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"]);
    TokenCounts {
        input: input.saturating_sub(cache_read.saturating_add(cache_creation)),
        output: count(&[
            "gen_ai.usage.output_tokens",
            "gen_ai.usage.completion_tokens",
        ]),
        cache_read,
        cache_creation,
    }
}

/// Tokens by `OpenInference`, where the prompt includes what came from the cache.
fn open_inference(own: &Attributes) -> TokenCounts {
    let count = |key| own.count(key).map_or(0, bounded);
    let cache_read = count("llm.token_count.prompt_details.cache_read");
    let cache_creation = count("llm.token_count.prompt_details.cache_write");
    TokenCounts {
        input: count("llm.token_count.prompt")
            .saturating_sub(cache_read.saturating_add(cache_creation)),
        output: count("llm.token_count.completion"),
        cache_read,
        cache_creation,
    }
}
