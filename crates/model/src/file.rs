//! Files: what people and machines bring in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::artifact::Lifecycle;
use crate::id::{ContractId, FileId, SessionId, TenantId};
use crate::time::Timestamp;

/// Where a file stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Stored under a pending boundary contract.
    Ingested,
    /// Its boundary contract is active.
    Active,
    /// Set aside.
    Archived,
    /// Its bytes are gone.
    Purged,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Ingested, Self::Active, Self::Archived, Self::Purged];

    /// The name used in tables and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingested => "ingested",
            Self::Active => "active",
            Self::Archived => "archived",
            Self::Purged => "purged",
        }
    }

    /// The status of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Every step of a file's life: from, to, and the intent that takes it. Nothing comes back from purging.
    ///
    /// A restored file is what its boundary contract says: active, or ingested when it was never saved.
    pub const TRANSITIONS: [(Self, Self, &'static str); 8] = [
        (Self::Ingested, Self::Active, "save_materialization"),
        (Self::Ingested, Self::Archived, "archive_file"),
        (Self::Active, Self::Archived, "archive_file"),
        (Self::Archived, Self::Ingested, "restore_file"),
        (Self::Archived, Self::Active, "restore_file"),
        (Self::Ingested, Self::Purged, "purge_file"),
        (Self::Active, Self::Purged, "purge_file"),
        (Self::Archived, Self::Purged, "purge_file"),
    ];

    /// Whether a file may go from this status to `next`.
    pub fn may_become(self, next: Self) -> bool {
        Self::TRANSITIONS
            .iter()
            .any(|(from, to, _)| *from == self && *to == next)
    }

    /// Where the artifact of a file of this status stands.
    pub const fn lifecycle(self) -> Lifecycle {
        match self {
            Self::Ingested | Self::Active => Lifecycle::Ready,
            Self::Archived => Lifecycle::Archived,
            Self::Purged => Lifecycle::Deleted,
        }
    }
}

/// A stored file's facts; its bytes lie in the blob store under `digest`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct File {
    /// The file's id.
    pub file_id: FileId,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// The session it was brought in by.
    pub session_id: SessionId,
    /// The name people see. Data, never a path.
    pub ui_name: String,
    /// The type by content, such as `pdf` or `csv`.
    pub file_type: String,
    /// The media type by content.
    pub mime_type: String,
    /// How it came: `upload`, `edi` or `api`.
    pub ingestion_type: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 of the bytes, in lower-case hexadecimal.
    pub digest: String,
    /// Where it stands.
    pub status: Status,
    /// The contract under which it was taken in.
    pub contract_id: ContractId,
    /// Free-form facts, such as the source's own metadata.
    pub metadata: Value,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl File {
    /// The reference older clients pass around: `file:<tenant>:<session>:<file_id>`.
    pub fn reference(&self) -> String {
        format!(
            "file:{}:{}:{}",
            self.tenant_id, self.session_id, self.file_id
        )
    }

    /// The words people put on it, as its metadata's `tags` say.
    pub fn tags(&self) -> Vec<&str> {
        let tags = self.metadata.get("tags").and_then(Value::as_array);
        tags.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_comes_back_from_purging() {
        assert!(
            Status::ALL
                .into_iter()
                .all(|next| !Status::Purged.may_become(next))
        );
        assert!(
            Status::ALL
                .into_iter()
                .all(|from| from == Status::Purged || from.may_become(Status::Purged))
        );
    }

    #[test]
    fn only_an_archived_file_is_restored() {
        assert!(Status::Archived.may_become(Status::Active));
        for (from, _, intent) in Status::TRANSITIONS {
            assert_eq!(
                intent == "restore_file",
                from == Status::Archived && intent != "purge_file"
            );
        }
    }

    #[test]
    fn the_artifact_may_take_every_step_its_file_takes() {
        for (from, to, intent) in Status::TRANSITIONS {
            assert!(from.lifecycle().may_become(to.lifecycle()), "{intent}");
        }
    }
}
