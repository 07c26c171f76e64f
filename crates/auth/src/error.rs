//! What can go wrong, in words a caller can act on.

use std::time::Duration;

use civitas_model::ErrorCode;
use civitas_storage::{CommitError, Refusal, SqlError};

/// One field that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Where, as a JSON pointer (RFC 6901) into the request.
    pub pointer: &'static str,
    /// Which rule, as a sentence about the field.
    pub detail: String,
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// E-mail address or password is wrong; which of them is not said.
    #[error("Invalid email or password")]
    InvalidCredentials,
    /// The token is malformed, forged, expired or revoked; which of them is not said.
    #[error("Invalid or expired token")]
    InvalidToken,
    /// The setup token is wrong, was used, or is no longer needed.
    #[error("the setup token is wrong or was used: restart the server to get a new one")]
    SetupTokenInvalid,
    /// The caller is known but may not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// There is no such thing, or it belongs to someone else.
    #[error("{0}")]
    NotFound(String),
    /// Something with this identity exists already.
    #[error("{0} exists already")]
    AlreadyExists(&'static str),
    /// The state of the thing does not allow this.
    #[error("{0}")]
    Conflict(String),
    /// Fields break rules.
    #[error("{}", join(.0))]
    Invalid(Vec<FieldError>),
    /// Too many tries.
    #[error("too many tries: at most {limit} in {} seconds, try again in {} seconds", .window.as_secs(), .retry_after.as_secs())]
    RateLimited {
        /// How many tries are allowed.
        limit: u32,
        /// In how much time.
        window: Duration,
        /// When to try again, in whole seconds, at least one.
        retry_after: Duration,
    },
    /// A queue is full: nothing was done.
    #[error("{what} is full: try again in {} seconds", .retry_after.as_secs())]
    Busy {
        /// The queue.
        what: &'static str,
        /// When to try again, in whole seconds, at least one.
        retry_after: Duration,
    },
    /// Storage cannot be read or written now. The detail is for the log, not for the caller.
    #[error("storage is not available")]
    Unavailable(String),
    /// Something broke on our side. The detail is for the log, not for the caller.
    #[error("something broke inside authentication")]
    Internal(String),
}

impl Error {
    /// The code clients read.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::InvalidCredentials => ErrorCode::AuthenticationFailed,
            Self::InvalidToken => ErrorCode::Unauthorized,
            Self::SetupTokenInvalid => ErrorCode::SetupTokenInvalid,
            Self::Forbidden(_) => ErrorCode::Forbidden,
            Self::NotFound(_) => ErrorCode::NotFound,
            Self::AlreadyExists(_) => ErrorCode::AlreadyExists,
            Self::Conflict(_) => ErrorCode::Conflict,
            Self::Invalid(_) => ErrorCode::ValidationFailed,
            Self::RateLimited { .. } => ErrorCode::RateLimitExceeded,
            Self::Busy { .. } | Self::Unavailable(_) => ErrorCode::ServiceUnavailable,
            Self::Internal(_) => ErrorCode::Internal,
        }
    }

    pub(crate) fn invalid(pointer: &'static str, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError {
            pointer,
            detail: detail.into(),
        }])
    }
}

fn join(errors: &[FieldError]) -> String {
    let details: Vec<&str> = errors.iter().map(|error| error.detail.as_str()).collect();
    details.join("; ")
}

impl From<SqlError> for Error {
    fn from(error: SqlError) -> Self {
        tracing::error!(%error, "authentication cannot read from storage");
        Self::Unavailable(error.to_string())
    }
}

impl From<CommitError> for Error {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Refused(Refusal::AlreadyExists { what }) => Self::AlreadyExists(what),
            CommitError::Refused(Refusal::NotFound { what }) => {
                Self::NotFound(format!("there is no such {what}"))
            }
            CommitError::Refused(refusal @ Refusal::Changed { .. }) => {
                Self::Conflict(format!("{refusal}: try again"))
            }
            CommitError::Refused(refusal) => {
                tracing::error!(%refusal, "a change of authentication was refused");
                Self::Internal(refusal.to_string())
            }
            CommitError::Unavailable(detail) => Self::Unavailable(detail),
        }
    }
}

/// Why authentication cannot start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A key file or its folder cannot be read or written.
    #[error("the signing keys in {path} cannot be used: {reason}")]
    Keys {
        /// The file or folder.
        path: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The parameters of password hashing make no sense.
    #[error("the password hashing parameters are not usable: {0}")]
    Hashing(String),
    /// Storage cannot be read.
    #[error("storage is not available: {0}")]
    Storage(#[from] SqlError),
    /// A background task was stopped.
    #[error("a background task stopped while opening: {0}")]
    Stopped(#[from] tokio::task::JoinError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_meant_for_the_log_are_not_in_the_message() {
        let error = Error::Unavailable("SELECT password_hash …".into());
        assert_eq!(error.to_string(), "storage is not available");
        assert_eq!(error.code(), ErrorCode::ServiceUnavailable);
    }

    #[test]
    fn every_broken_rule_is_named() {
        let error = Error::Invalid(vec![
            FieldError {
                pointer: "/email",
                detail: "the email is odd".into(),
            },
            FieldError {
                pointer: "/name",
                detail: "the name is empty".into(),
            },
        ]);
        assert_eq!(error.to_string(), "the email is odd; the name is empty");
    }
}
