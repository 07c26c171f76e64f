//! What callers of the engine are told.

use civitas_intent::Invalid;
use civitas_model::Permission;
use civitas_model::execution::Status;
use civitas_storage::{CommitError, OpenError, Refusal, SqlError};

use crate::registry::RegistryError;

/// Why an intent was not accepted. Nothing was recorded.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// No realm registers this type.
    #[error("no realm registers an intent of type `{intent_type}`{}", did_you_mean(.nearest))]
    UnknownType {
        /// What was asked for.
        intent_type: String,
        /// Known names that look alike, best first.
        nearest: Vec<String>,
    },
    /// The parameters break the intent's schema.
    #[error("the parameters of `{intent_type}` are not valid: {}", list(.errors))]
    InvalidParameters {
        /// The intent.
        intent_type: String,
        /// Each thing that is wrong, with the place.
        errors: Vec<Invalid>,
    },
    /// The caller may not submit this intent.
    #[error("`{intent_type}` needs the permission `{}`, which you do not have: ask an administrator of your tenant", .needed.as_str())]
    Forbidden {
        /// The intent.
        intent_type: String,
        /// What is missing.
        needed: Permission,
    },
    /// The submission names another tenant than the credential.
    #[error(
        "the submission names tenant `{named}` at {place}, but your credential belongs to another: leave `tenant_id` out"
    )]
    ForeignTenant {
        /// Where, as a JSON Pointer.
        place: &'static str,
        /// The tenant that was named.
        named: String,
    },
    /// The idempotency key was used before with another body.
    #[error(
        "this idempotency key was used before with another body: use a new key for a new submission"
    )]
    KeyReused,
    /// The submission with this key is still being recorded.
    #[error(
        "a submission with this idempotency key is being recorded: repeat the request in a moment"
    )]
    KeyInFlight,
    /// The idempotency key is empty or too long.
    #[error(
        "the idempotency key must have 1 to {limit} characters: send one of that length, or none"
    )]
    KeyLength {
        /// The limit, in characters.
        limit: usize,
    },
    /// Too much is waiting already, or the node is stopping.
    #[error("{reason}: try again later")]
    Busy {
        /// Why.
        reason: &'static str,
        /// In how many seconds.
        retry_after: u64,
    },
    /// The database cannot be written now.
    #[error(transparent)]
    Storage(CommitError),
}

impl From<CommitError> for SubmitError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Refused(Refusal::KeyReused) => Self::KeyReused,
            error => Self::Storage(error),
        }
    }
}

/// Why an execution could not be steered.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// There is no such execution in the caller's tenant.
    #[error("there is no such execution")]
    NotFound,
    /// Its state does not allow it.
    #[error("the execution is {}, which does not allow this", .status.as_str())]
    WrongState {
        /// Where it stands.
        status: Status,
    },
    /// The database cannot be reached now.
    #[error("storage is not available: {0}")]
    Unavailable(String),
}

impl From<CommitError> for ControlError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Refused(Refusal::WrongState {
                status: Some(status),
            }) => Self::WrongState { status },
            CommitError::Refused(Refusal::NotFound { .. }) => Self::NotFound,
            error => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<SqlError> for ControlError {
    fn from(error: SqlError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// Why the engine could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Two realms contradict each other, or a schema is broken.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The database could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Another node runs the engine on this database.
    #[error(
        "node `{holder}` runs the engine on this database: stop it first, or wait until its lease ends at {until}"
    )]
    AnotherNode {
        /// The other node.
        holder: String,
        /// When its lease ends unless renewed.
        until: civitas_model::Timestamp,
    },
    /// The database cannot be written.
    #[error("the lease cannot be taken: {0}")]
    Lease(String),
}

fn did_you_mean(nearest: &[String]) -> String {
    match nearest {
        [] => ": see the catalogue for the known ones".to_owned(),
        names => format!(": did you mean {}?", names.join(", ")),
    }
}

fn list(errors: &[Invalid]) -> String {
    errors
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}
