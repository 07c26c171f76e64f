//! The export: JSON Lines, one entry or checkpoint a line, which verify without the database.

use civitas_model::{TenantId, Timestamp};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use crate::body::Body;
use crate::entry::Entry;
use crate::hash::Hash;
use crate::verify::Stored;

/// An entry as a line of an export.
///
/// The body is a string that holds JSON, because its exact bytes are what was hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportedEntry {
    /// The entry; its canonical form is what was hashed.
    pub entry: Entry,
    /// Its hash.
    pub hash: Hash,
    /// The salt of the body, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub salt: Option<String>,
    /// The body's text, unless there is none or it was dropped.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub body: Option<String>,
}

/// A checkpoint as a line of an export, and of the file that is kept beside the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedCheckpoint {
    /// Whose log it is about.
    pub tenant: TenantId,
    /// How many entries it covers.
    pub size: u64,
    /// When it was signed.
    pub time: Timestamp,
    /// The signed note.
    pub note: String,
}

/// Why a line is no entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidExport {
    /// A salt is 16 bytes in hexadecimal, and stands beside a body.
    #[error("the salt is not 16 bytes in hexadecimal beside a body")]
    Salt,
}

impl From<&Stored> for ExportedEntry {
    fn from(stored: &Stored) -> Self {
        Self {
            entry: stored.entry.clone(),
            hash: stored.hash,
            salt: stored.body.as_ref().map(|body| HEXLOWER.encode(&body.salt)),
            body: stored.body.as_ref().map(|body| body.text.clone()),
        }
    }
}

impl TryFrom<ExportedEntry> for Stored {
    type Error = InvalidExport;

    fn try_from(line: ExportedEntry) -> Result<Self, InvalidExport> {
        let body = match (line.salt, line.body) {
            (None, None) => None,
            (Some(salt), Some(text)) => {
                let salt = HEXLOWER.decode(salt.as_bytes()).ok();
                let salt = salt.and_then(|salt| salt.try_into().ok());
                let salt = salt.ok_or(InvalidExport::Salt)?;
                Some(Body { salt, text })
            }
            _ => return Err(InvalidExport::Salt),
        };
        Ok(Self {
            entry: line.entry,
            hash: line.hash,
            body,
        })
    }
}
