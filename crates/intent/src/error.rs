//! How a handler's run can end other than with an answer.

use civitas_model::ErrorCode;
use civitas_model::execution::Wait;

/// A result of a handler or of its context.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a handler did not finish. Says who must act.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Error {
    reason: Reason,
}

/// The reasons, as the runtime tells them apart. A handler makes only the first two, through [`retry`], [`reject`] and
/// [`not_found`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The platform, or what it talks to, cannot do this now.
    #[error("{0}")]
    Retry(String),
    /// The caller must change something.
    #[error("{message}")]
    Reject {
        /// The code clients read.
        code: ErrorCode,
        /// What was wrong, what was expected, and what to do next.
        message: String,
    },
    /// The handler is parked; it is run again when what it waits for arrives.
    #[error("waiting")]
    Suspended(Wait),
    /// Another attempt has taken over, or the execution was cancelled: this run must end without a trace.
    #[error("superseded")]
    Superseded,
}

impl Error {
    pub(crate) const fn suspended(wait: Wait) -> Self {
        Self {
            reason: Reason::Suspended(wait),
        }
    }

    /// Another attempt has taken over. Made by hosts.
    pub const fn superseded() -> Self {
        Self {
            reason: Reason::Superseded,
        }
    }

    /// A refusal with a code of its own. Made by hosts; a handler says [`reject`] or [`not_found`].
    pub fn rejected(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            reason: Reason::Reject {
                code,
                message: message.into(),
            },
        }
    }

    /// The journal holds something else than the handler does now: its code changed under a running execution.
    pub(crate) fn journal_mismatch(recorded: &str, found: &str) -> Self {
        Self::rejected(
            ErrorCode::JournalMismatch,
            format!(
                "the journal recorded {recorded}, but the handler now does {found}: submit the intent again"
            ),
        )
    }

    /// The reason, taken out.
    pub(crate) fn into_reason(self) -> Reason {
        self.reason
    }

    /// The reason.
    pub const fn reason(&self) -> &Reason {
        &self.reason
    }
}

/// The caller must change something: the execution fails with this message, and is not tried again.
///
/// Say what was wrong, what was expected and what to do next, as a lowercase fragment.
pub fn reject(message: impl Into<String>) -> Error {
    Error::rejected(ErrorCode::IntentRejected, message)
}

/// The caller named something that does not exist in their tenant: the execution fails with this message, and is not
/// tried again.
///
/// Say what is not there, and where its id comes from, as a lowercase fragment.
pub fn not_found(message: impl Into<String>) -> Error {
    Error::rejected(ErrorCode::NotFound, message)
}

/// Something outside cannot be had now: the execution is tried again, with backoff, up to its limit.
pub fn retry(message: impl Into<String>) -> Error {
    Error {
        reason: Reason::Retry(message.into()),
    }
}
