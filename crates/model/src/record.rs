//! Search records: the pieces of text a search finds, each knowing where it came from.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{RecordId, TenantId};
use crate::time::Timestamp;

/// One searchable piece of text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The record's id; putting a record with a known id replaces it.
    pub record_id: RecordId,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// The kind of source, such as `file`.
    pub source: String,
    /// The thing it is a part of, such as a file's id; deleting by parent removes all of its records.
    pub parent_id: String,
    /// The title people see, such as a file's name.
    pub title: String,
    /// The headings above the text, outermost first, joined by ` › `; empty when there are none.
    pub heading: String,
    /// The text.
    pub body: String,
    /// The type within the source, such as `pdf`.
    pub kind: String,
    /// When the text is from.
    pub date: Timestamp,
    /// Where in the parent it stands, such as `{"page":3}`, and other facts.
    pub metadata: Value,
}
