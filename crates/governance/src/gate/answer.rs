//! What was answered to a call: kept with its decision, so that the same call gets the same answer.

use civitas_hooks::Answer;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a call was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Given {
    pub verdict: Verdict,
    pub reason: String,
    /// The input as a person changed it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub updated_input: Option<Value>,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Allow,
    Deny,
    /// The whole session stops.
    Halt,
}

impl Verdict {
    /// The word for it in the audit log and the feed.
    pub(super) const fn decision(self) -> &'static str {
        match self {
            Self::Allow => "allowed",
            Self::Deny => "denied",
            Self::Halt => "halted",
        }
    }
}

impl Given {
    pub(super) const fn allow(reason: String) -> Self {
        Self {
            verdict: Verdict::Allow,
            reason,
            updated_input: None,
        }
    }

    pub(super) const fn deny(reason: String) -> Self {
        Self {
            verdict: Verdict::Deny,
            reason,
            updated_input: None,
        }
    }

    pub(super) const fn halt(reason: String) -> Self {
        Self {
            verdict: Verdict::Halt,
            reason,
            updated_input: None,
        }
    }

    pub(super) fn into_answer(self) -> Answer {
        let Self {
            verdict,
            reason,
            updated_input,
        } = self;
        match verdict {
            Verdict::Allow => Answer::Allow {
                reason,
                updated_input,
            },
            Verdict::Deny => Answer::Deny { reason },
            Verdict::Halt => Answer::Halt { reason },
        }
    }
}
