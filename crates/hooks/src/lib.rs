//! The hook protocol of Claude Code: what its hooks are told, and what they may answer.
//!
//! ```
//! use civitas_hooks::{Answer, Event, EventKind};
//! use serde_json::json;
//!
//! let event = Event::parse(json!({
//!     "session_id": "5d0f…", "hook_event_name": "PreToolUse", "cwd": "/work",
//!     "tool_name": "Bash", "tool_input": { "command": "rm -rf /" }, "tool_use_id": "toolu_01"
//! }))?;
//! assert!(matches!(&event.kind, EventKind::PreToolUse(call) if call.tool_name == "Bash"));
//!
//! let answer = Answer::Deny { reason: "not here".to_owned() };
//! assert_eq!(answer.render(&event), json!({ "hookSpecificOutput": {
//!     "hookEventName": "PreToolUse", "permissionDecision": "deny", "permissionDecisionReason": "not here"
//! }}));
//! # Ok::<(), civitas_hooks::Malformed>(())
//! ```
//!
//! # Where the shapes are from
//!
//! Events, fields and answers follow the type definitions published with version [`CLIENT_VERSION`] of the client
//! (`@anthropic-ai/claude-agent-sdk`, `sdk.d.ts`); what each event does with an answer, an exit code or a failure follows the
//! public hooks reference of the same autumn. They move with every release, so nothing here depends on being complete: see
//! the invariants.
//!
//! # Invariants
//!
//! - **Pure.** No disk, network, clock or randomness.
//! - **Nothing is refused for being new.** An unknown event is [`EventKind::Unknown`], an unknown field stays in
//!   [`Event::raw`], a known field of an unexpected form is as if it were absent. Only what cannot be told apart from
//!   other events, without a session or a name, is [`Malformed`].
//! - **What is absent is never guessed.** A text over its limit is absent, not cut: the start of one name is another name.
//! - **An answer is never laxer than it was meant.** Where an event cannot ask a person, asking refuses; where it cannot
//!   take a changed input, allowing refuses. Where an event cannot refuse at all, the answer is `{}`.
//! - **What is rendered is valid**, for any event and any text: a client drops an answer that breaks its schema, and runs
//!   the tool.

mod answer;
mod call;
mod control;
mod corpus;
mod event;
mod fields;
mod kind;
mod name;
mod text;
mod verdict;

pub use answer::Answer;
pub use call::{McpServer, ToolCall};
pub use control::OnFailure;
pub use corpus::{CORPUS, Recorded};
pub use event::{Common, Event, Malformed};
pub use fields::{BATCH_CALLS_MAX, PATH_CHARS_MAX, TEXT_BYTES_MAX, WORD_CHARS_MAX};
pub use kind::{EventKind, ModelSwitch, Resumed, Stopped, Task};
pub use name::Name;
pub use text::ANSWER_UNITS_MAX;
pub use verdict::Verdict;

/// The version of Claude Code that shapes are from.
pub const CLIENT_VERSION: &str = "2.1.329";
