//! Why a command failed, and the exit code that says so to scripts.

use std::process::ExitCode;

/// Why a command failed. The text says what to do next.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// What was typed cannot be meant.
    #[error("{0}")]
    Usage(String),
    /// No server answers.
    #[error(
        "cannot reach {server}: {reason}; start one with `civitas dev`, or name another with --server"
    )]
    Unreachable {
        /// The server's address.
        server: String,
        /// Why.
        reason: String,
    },
    /// The server knows the caller, but not as someone who may; or does not know the caller.
    #[error("{0}")]
    NotAllowed(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// It was tried and did not work.
    #[error("{0}")]
    Failed(String),
}

impl Failure {
    /// The exit code, as `civitas --help` lists them.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::Unreachable { .. } => 3,
            Self::NotAllowed(_) => 4,
            Self::NotFound(_) => 5,
        })
    }

    /// It was tried and did not work.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }
}
