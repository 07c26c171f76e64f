//! One event, read from what the client sent.

use serde_json::Value;

use crate::call::ToolCall;
use crate::fields::{BATCH_CALLS_MAX, Fields, PATH_CHARS_MAX, WORD_CHARS_MAX};
use crate::kind::EventKind;
use crate::name::Name;

/// One event: a typed view, and everything as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What every event says.
    pub common: Common,
    /// What this one says.
    pub kind: EventKind,
    /// What was sent, unknown fields included.
    pub raw: Value,
}

/// What every event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Common {
    /// The client's session, the same for its sub-agents.
    pub session_id: String,
    /// The event's name as the client wrote it.
    pub hook_event_name: String,
    /// Where the client writes the conversation.
    pub transcript_path: Option<String>,
    /// The working directory; absolute, with backslashes on Windows.
    pub cwd: Option<String>,
    /// The prompt that this follows from; telemetry calls it `prompt.id`.
    pub prompt_id: Option<String>,
    /// `default`, `plan`, `acceptEdits`, `auto`, `dontAsk`, `bypassPermissions`; an open set.
    pub permission_mode: Option<String>,
    /// The sub-agent that this comes from; absent for the session's own agent.
    pub agent_id: Option<String>,
    /// The kind of agent: of the sub-agent, or of a session that was started as one.
    pub agent_type: Option<String>,
    /// How hard the model thinks: `low`, `medium`, `high`, `xhigh`, `max`.
    pub effort: Option<String>,
    /// A folder for the session's temporary files.
    pub scratchpad_dir: Option<String>,
}

/// Why a body is no event. The text says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It is not a JSON object.
    #[error("a hook event is a JSON object: send what Claude Code hands its hooks, unchanged")]
    NotAnObject,
    /// Its folder is no path.
    #[error(
        "`cwd` must be a path of up to {PATH_CHARS_MAX} characters: send what Claude Code hands its hooks, unchanged"
    )]
    Folder,
    /// It says no usable session or event, or of who acts and for which call what is no text.
    #[error(
        "`{field}` must be a text of 1 to {WORD_CHARS_MAX} characters without control characters: send what Claude Code hands its hooks, unchanged"
    )]
    Field {
        /// Which field.
        field: &'static str,
    },
}

impl Event {
    /// Reads an event.
    pub fn parse(raw: Value) -> Result<Self, Malformed> {
        let fields = Fields::of(&raw).ok_or(Malformed::NotAnObject)?;
        let required = |field| fields.word(field).ok_or(Malformed::Field { field });
        // Who acts, where and for which call: what cannot be read must not count as if it were not there.
        for field in ["agent_id", "agent_type", "tool_use_id"] {
            if fields.is_said(field) && fields.word(field).is_none() {
                return Err(Malformed::Field { field });
            }
        }
        if fields.is_said("cwd") && fields.path("cwd").is_none() {
            return Err(Malformed::Folder);
        }
        let common = Common {
            session_id: required("session_id")?,
            hook_event_name: required("hook_event_name")?,
            transcript_path: fields.path("transcript_path"),
            cwd: fields.path("cwd"),
            prompt_id: fields.word("prompt_id"),
            permission_mode: fields.word("permission_mode"),
            agent_id: fields.word("agent_id"),
            agent_type: fields.word("agent_type"),
            effort: fields
                .object("effort")
                .and_then(|effort| effort.word("level")),
            scratchpad_dir: fields.path("scratchpad_dir"),
        };
        let kind = match Name::of(&common.hook_event_name) {
            Some(name) => EventKind::read(name, fields),
            None => EventKind::Unknown,
        };
        Ok(Self { common, kind, raw })
    }

    /// Which event this is, when it is known.
    pub fn name(&self) -> Option<Name> {
        Name::of(&self.common.hook_event_name)
    }

    /// Whether a sub-agent is meant, not the session's own agent.
    pub fn is_subagent(&self) -> bool {
        self.common.agent_id.is_some()
    }

    /// The tool call that this event is about; a batch has several, see [`EventKind::PostToolBatch`].
    pub fn tool_call(&self) -> Option<&ToolCall> {
        match &self.kind {
            EventKind::PreToolUse(call)
            | EventKind::PostToolUse(call)
            | EventKind::PostToolUseFailure { call, .. }
            | EventKind::PermissionRequest(call)
            | EventKind::PermissionDenied { call, .. } => Some(call),
            _ => None,
        }
    }

    /// The input of the tool call that this event is about; `null` when there is none.
    pub fn tool_input(&self) -> &Value {
        self.raw.get("tool_input").unwrap_or(&Value::Null)
    }

    /// What the tool answered; `null` when there is nothing.
    pub fn tool_response(&self) -> &Value {
        self.raw.get("tool_response").unwrap_or(&Value::Null)
    }

    /// The input and the answer of each call of a batch, in the order of [`EventKind::PostToolBatch`].
    pub fn batch(&self) -> impl Iterator<Item = (&Value, &Value)> {
        let calls = self.raw.get("tool_calls").and_then(Value::as_array);
        let calls = calls.into_iter().flatten().take(BATCH_CALLS_MAX);
        calls.filter(|call| call.is_object()).map(|call| {
            let part = |key| call.get(key).unwrap_or(&Value::Null);
            (part("tool_input"), part("tool_response"))
        })
    }
}
