//! What can go wrong with stored content, and who must act.

use std::error::Error;
use std::io;

/// Any error, as a cause.
pub(super) type BoxError = Box<dyn Error + Send + Sync>;

/// Why content could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The caller asked for content that this tenant does not have.
    #[error("there is no stored content with this digest")]
    NotFound,
    /// The caller's digest is not one.
    #[error("a digest is 64 lower-case hexadecimal characters (SHA-256)")]
    InvalidDigest,
    /// The caller sent, or asked for, more than the limit.
    #[error(
        "the content is larger than the limit of {limit} bytes: send less, or ask the operator to raise the limit"
    )]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The caller asked for a range that holds no byte of the content.
    #[error("the requested range holds no byte: the content is {size} bytes long")]
    RangeNotSatisfiable {
        /// Length of the whole content in bytes.
        size: u64,
    },
    /// The caller's stream failed before its end; nothing was stored.
    #[error("the upload broke off before its end: send it again")]
    Interrupted(#[source] Box<dyn Error + Send + Sync>),
    /// The caller's content is not what the caller has stated; nothing was stored.
    #[error("the content has the digest {digest}, which is not the stated one")]
    Mismatch {
        /// SHA-256 of the content.
        digest: String,
    },
    /// The disk or its quota is full: the operator must make room.
    #[error("the content store is full: the operator must free space or enlarge it")]
    Full(#[source] Box<dyn Error + Send + Sync>),
    /// The stored bytes are not the ones that were acknowledged: the operator must restore them from a backup.
    #[error("the stored content does not match its digest {digest}: restore it from a backup")]
    Corrupt {
        /// The digest that was asked for.
        digest: String,
    },
    /// The store cannot be reached or failed: try again later; the operator finds the reason in the cause.
    #[error("the content store is unavailable: try again later")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

impl BlobError {
    /// Sorts a failure of the store itself by what the operator must do.
    pub(super) fn from_store(error: impl Error + Send + Sync + 'static) -> Self {
        if is_full(&error) {
            Self::Full(Box::new(error))
        } else {
            Self::Unavailable(Box::new(error))
        }
    }
}

/// Whether a full disk or quota is among the causes.
fn is_full(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source())
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .any(|error| {
            matches!(
                error.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
            )
        })
}

impl From<object_store::Error> for BlobError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::NotFound,
            error => Self::from_store(error),
        }
    }
}

impl From<io::Error> for BlobError {
    fn from(error: io::Error) -> Self {
        Self::from_store(error)
    }
}

/// The thread that did the work is gone: the process is shutting down.
impl From<tokio::task::JoinError> for BlobError {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::from_store(error)
    }
}
