//! What every record may say: its session, who is at work, and what else it holds.

use civitas_model::Timestamp;
use civitas_model::telemetry::SessionFacts;
use civitas_otlp::Attributes;
use data_encoding::HEXLOWER;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::TelemetrySettings;

/// The session of what names none.
pub(super) const UNATTRIBUTED: &str = "unattributed";
/// The longest id or name, in characters.
const WORD_MAX: usize = 256;
/// Attributes of an event, in bytes of JSON.
const ATTRIBUTES_BYTES_MAX: usize = 32 * 1024;
/// A client's clock may be off by this, in microseconds, for its times to be believed: 400 days before now, and one after.
const PAST: i64 = 400 * 86_400_000_000;
const FUTURE: i64 = 86_400_000_000;

/// Attributes that have a place of their own.
const LIFTED: &[&str] = &[
    "session.id",
    "event.name",
    "event.sequence",
    "event.timestamp",
    "prompt.id",
    "tool_use_id",
    "agent.name",
    "gen_ai.agent.name",
    "gen_ai.conversation.id",
    "gen_ai.tool.call.id",
    "user.id",
    "user.email",
    "user.account_uuid",
    "user.account_id",
    "organization.id",
];

/// Attributes that hold what people and models said.
const TEXTS: &[&str] = &[
    "prompt",
    "response",
    "completion",
    "text",
    "body",
    "content",
    "message.content",
    "system_prompt",
    "user_prompt",
    "new_context",
    "last_assistant_message",
    "input.value",
    "output.value",
    "gen_ai.prompt",
    "gen_ai.completion",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.call.result",
];
/// The same, for those whose names go on.
const TEXT_PREFIXES: &[&str] = &[
    "llm.input_messages",
    "llm.output_messages",
    "llm.prompts",
    "gen_ai.prompt.",
    "gen_ai.completion.",
];

/// A record's attributes, with those of what sent it behind them.
#[derive(Clone, Copy)]
pub(super) struct Facts<'a> {
    pub(super) own: &'a Attributes,
    pub(super) resource: &'a Attributes,
    pub(super) trace_id: &'a str,
}

impl Facts<'_> {
    /// A word of the record, else of what sent it.
    pub(super) fn word(&self, key: &str) -> Option<String> {
        let said = self.own.text(key).or_else(|| self.resource.text(key))?;
        Some(word(said))
    }

    /// The first of these words that is there.
    pub(super) fn first(&self, keys: &[&str]) -> Option<String> {
        keys.iter().find_map(|key| self.word(key))
    }

    /// The session it belongs to; that of its trace where it names none.
    pub(super) fn session_id(&self) -> String {
        self.first(&["session.id", "gen_ai.conversation.id"])
            .unwrap_or_else(|| match self.trace_id {
                "" => UNATTRIBUTED.to_owned(),
                trace => format!("trace-{trace}"),
            })
    }

    pub(super) fn agent_name(&self) -> Option<String> {
        self.first(&["agent.name", "gen_ai.agent.name"])
    }

    /// Tells what is said of who is at work, as far as it is not known.
    pub(super) fn tell(&self, facts: &mut SessionFacts) {
        for (known, keys) in [
            (
                &mut facts.user_id,
                &["user.account_uuid", "user.account_id", "user.id"][..],
            ),
            (&mut facts.user_email, &["user.email"]),
            (&mut facts.organization_id, &["organization.id"]),
            (&mut facts.client, &["service.name"]),
            (
                &mut facts.client_version,
                &["app.version", "service.version"],
            ),
        ] {
            if known.is_none() {
                *known = self.first(keys);
            }
        }
        // A sub-agent's name is not the session's: Claude Code names it where the main conversation does not speak.
        if facts.agent_name.is_none() {
            facts.agent_name = match self.own.get("query_source").and_then(Value::as_str) {
                Some("main") => self.agent_name(),
                Some(_) => None,
                None => self.word("gen_ai.agent.name"),
            };
        }
    }

    /// What else the record says, as a JSON object.
    pub(super) fn rest(&self, settings: TelemetrySettings, more: Map<String, Value>) -> String {
        let mut rest = more;
        for (key, value) in self.own.iter() {
            let is_text =
                TEXTS.contains(&key) || TEXT_PREFIXES.iter().any(|prefix| key.starts_with(prefix));
            if LIFTED.contains(&key) || (is_text && !settings.keep_texts) {
                continue;
            }
            rest.insert(key.to_owned(), value.clone());
        }
        let text = Value::Object(rest).to_string();
        if text.len() <= ATTRIBUTES_BYTES_MAX {
            return text;
        }
        let names: Vec<&str> = self.own.iter().map(|(key, _)| key).collect();
        serde_json::json!({ "too_large": names }).to_string()
    }
}

/// A word within its limits.
pub(super) fn word(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(WORD_MAX) {
        text.truncate(end);
    }
    if text.contains(char::is_control) {
        text = text.replace(char::is_control, " ");
    }
    text
}

/// A client's time, or now where it cannot be.
pub(super) fn time(nanos: u64, now: Timestamp) -> Timestamp {
    let micros = i64::try_from(nanos / 1000).unwrap_or(i64::MAX);
    let range = now.as_micros().saturating_sub(PAST)..=now.as_micros().saturating_add(FUTURE);
    if range.contains(&micros) {
        Timestamp::from_micros(micros)
    } else {
        now
    }
}

/// A key that sorts by time and is the same each time that the same is reported.
pub(super) fn key(nanos: u64, parts: &[&str]) -> String {
    format!("{nanos:016x}-{}", fingerprint(parts))
}

/// A short fingerprint of parts: 64 bits, in hexadecimal.
pub(super) fn fingerprint(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_le_bytes());
        digest.update(part.as_bytes());
    }
    HEXLOWER.encode(&digest.finalize()[..8])
}
