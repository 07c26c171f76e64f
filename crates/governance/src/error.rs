//! What can go wrong for whoever asks the registry.

use civitas_storage::{CommitError, Refusal, SqlError};

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// Where, as a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// What, and what would fit.
    pub detail: String,
}

/// Why something was not done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The request is well-formed but not valid.
    #[error("{}", summary(.0))]
    Invalid(Vec<Invalid>),
    /// There is no such agent in the tenant.
    #[error("{0}")]
    NotFound(String),
    /// Another agent has the name.
    #[error("Agent with name '{0}' already exists")]
    NameTaken(String),
    /// The state of the agent does not allow it.
    #[error("{0}")]
    Conflict(String),
    /// The caller may not do it.
    #[error("{0}")]
    Forbidden(String),
    /// Storage cannot be used now.
    #[error("storage is not available: {0}")]
    Unavailable(String),
}

fn summary(errors: &[Invalid]) -> String {
    errors.first().map_or_else(String::new, |error| {
        format!("{}: {}", error.pointer, error.detail)
    })
}

impl Error {
    /// There is no agent with this id.
    pub fn no_agent(id: &str) -> Self {
        Self::NotFound(format!("Agent with ID '{id}' not found"))
    }

    /// There is no agent with this name.
    pub fn no_agent_called(name: &str) -> Self {
        Self::NotFound(format!("Agent with name '{name}' not found"))
    }
}

impl From<SqlError> for Error {
    fn from(error: SqlError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<CommitError> for Error {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Refused(refusal @ Refusal::NotFound { .. }) => {
                Self::NotFound(refusal.to_string())
            }
            CommitError::Refused(Refusal::Changed { .. }) => Self::Conflict(
                "the agent changed in the meantime: read it again, and decide again".to_owned(),
            ),
            CommitError::Refused(refusal) => Self::Conflict(refusal.to_string()),
            CommitError::Unavailable(reason) => Self::Unavailable(reason),
        }
    }
}
