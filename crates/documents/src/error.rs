//! Why bytes could not be turned into a document.

use crate::format::Format;

/// Why bytes could not be turned into a document. All of these are for the sender of the file: trying again with the
/// same bytes gives the same answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The format was recognised, and there is no parser for it.
    #[error("{} files cannot be parsed; convert it to one of: {}", .format.label(), Format::parsable_labels())]
    UnsupportedFormat {
        /// What the bytes are.
        format: Format,
    },
    /// The content is encrypted.
    #[error("the {} file is encrypted; remove its password protection and send it again", .format.label())]
    Encrypted {
        /// What the bytes are.
        format: Format,
    },
    /// The bytes are not what their beginning promises.
    #[error("the file is damaged: {what}; send an intact copy")]
    Damaged {
        /// What is wrong, and where.
        what: String,
    },
    /// A limit that protects the reader was passed.
    #[error(
        "the file has more than {limit} {what}, which is the limit; split it into smaller files"
    )]
    TooLarge {
        /// The limit that was passed.
        limit: u64,
        /// What was counted.
        what: &'static str,
    },
    /// An archive of which no file could be read.
    #[error("no file in the archive can be read: `{first}`: {why}")]
    NothingRead {
        /// The first file in it.
        first: String,
        /// Why that one could not be read.
        why: String,
    },
    /// There is nothing in the file.
    #[error("the file is empty; send one with content")]
    Empty,
    /// An option makes no sense for this file.
    #[error("the option `{option}` cannot be used: {why}")]
    Option {
        /// The option's name.
        option: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

impl Error {
    /// A short stable code for tables and metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnsupportedFormat { .. } => "unsupported_format",
            Self::Encrypted { .. } => "encrypted",
            Self::Damaged { .. } => "damaged",
            Self::TooLarge { .. } => "too_large",
            Self::NothingRead { .. } => "nothing_read",
            Self::Empty => "empty",
            Self::Option { .. } => "bad_option",
        }
    }

    /// A [`Error::Damaged`] that says what is wrong.
    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged { what: what.into() }
    }
}
