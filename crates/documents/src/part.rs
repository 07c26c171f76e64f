//! Files within a file.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::format::Format;

/// A file within a file: an attachment of an e-mail, an entry of an archive, a message of a mailbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Part {
    /// Its name, after the names of the files it stands in, outermost first. Names are shown, never used as a path:
    /// odd characters are escaped, and a name that occurs again is followed by ` (2)`.
    pub path: Vec<String>,
    /// What its bytes are, where they were looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// Its unpacked size in bytes, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// What became of it.
    pub status: PartStatus,
    /// Why it was not read, for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The title it states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it says about itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, Value>,
}

/// What became of a file within a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartStatus {
    /// Its content is part of the document.
    Parsed,
    /// It was left alone: nothing reads its format, it is encrypted or empty, or a limit was reached.
    Skipped,
    /// It was tried and could not be read.
    Failed,
}
