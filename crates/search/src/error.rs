//! What can go wrong with the index, and who must act.

use crate::search::{FILTER_VALUES_MAX, LIMIT_MAX, OFFSET_MAX};

/// Why a call on the index failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller asked for no hits or for too many.
    #[error("the limit must be between 1 and {LIMIT_MAX}, not {0}")]
    Limit(usize),
    /// The caller pages too deep.
    #[error("the offset must be at most {OFFSET_MAX}, not {0}: narrow the query instead")]
    Offset(usize),
    /// The caller filters by too many values.
    #[error("a filter takes at most {FILTER_VALUES_MAX} values, not {0}")]
    FilterValues(usize),
    /// The caller sends something that no page of this question answered as a cursor.
    #[error(
        "is not a cursor of this question: send the `next_cursor` of the page before, with the same words, filters and order"
    )]
    Cursor,
    /// The caller goes on too late.
    #[error(
        "has expired: what the pages before were read from is no longer kept; start again without a cursor"
    )]
    CursorExpired,
    /// The caller says twice where to begin.
    #[error("goes without an offset: the cursor says where the page begins")]
    CursorAndOffset,
    /// The owner commits a position before the one it committed last.
    #[error(
        "position {asked} lies before {applied}, which is applied already: clear the index to start over"
    )]
    PositionBehind {
        /// The position asked for.
        asked: u64,
        /// The position that is committed.
        applied: u64,
    },
    /// Another process writes to the folder.
    #[error("another process writes to this search index: stop it, or use another folder")]
    Busy,
    /// The records that were found cannot be compared with those there are.
    #[error("the records cannot be read: {0}")]
    Records(#[from] civitas_storage::SqlError),
    /// The thread that searched panicked.
    #[error("the search stopped: report this as a defect")]
    Stopped,
    /// The file system refused.
    #[error("the search index cannot use its folder: {0}")]
    Io(#[from] std::io::Error),
    /// The engine failed; after a failed `apply` or `commit`, feed again from the applied position.
    #[error("the search index failed, reopen it: {0}")]
    Engine(tantivy::TantivyError),
}

impl From<tantivy::TantivyError> for Error {
    fn from(error: tantivy::TantivyError) -> Self {
        match error {
            tantivy::TantivyError::LockFailure(..) => Self::Busy,
            error => Self::Engine(error),
        }
    }
}
