//! Artifacts: what executions produce, with their lifecycle and provenance.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{ArtifactId, ExecutionId, TenantId};
use crate::time::Timestamp;

/// Where an artifact stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Lifecycle {
    /// Announced, not usable yet.
    Pending,
    /// Usable.
    Ready,
    /// Making it failed.
    Failed,
    /// Set aside; still readable.
    Archived,
    /// Its content is gone; its provenance remains.
    Deleted,
}

impl Lifecycle {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::Pending,
        Self::Ready,
        Self::Failed,
        Self::Archived,
        Self::Deleted,
    ];

    /// The name used in tables and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Ready => "READY",
            Self::Failed => "FAILED",
            Self::Archived => "ARCHIVED",
            Self::Deleted => "DELETED",
        }
    }

    /// The state of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether an artifact may go from this state to `next`. Deletion is final.
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Pending => matches!(next, Self::Ready | Self::Failed | Self::Deleted),
            Self::Ready => matches!(next, Self::Ready | Self::Archived | Self::Deleted),
            Self::Archived => matches!(next, Self::Ready | Self::Deleted),
            Self::Failed => matches!(next, Self::Pending | Self::Deleted),
            Self::Deleted => false,
        }
    }
}

/// Which intent and execution made an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProducedBy {
    /// The intent's type.
    pub intent: String,
    /// The execution.
    pub execution_id: ExecutionId,
}

/// One place where an artifact's content lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Materialization {
    /// The materialization's id.
    pub materialization_id: String,
    /// The kind of store, such as `blob`.
    pub storage_type: String,
    /// Where in that store.
    pub uri: String,
    /// The content's format, such as `json`.
    pub format: String,
    /// The compression, if any.
    pub compression: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Something an execution made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Artifact {
    /// The artifact's id.
    pub artifact_id: ArtifactId,
    /// Its type, such as `file` or `parsed_content`.
    pub artifact_type: String,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Which execution made it.
    pub produced_by: ProducedBy,
    /// Where it stands.
    pub lifecycle_state: Lifecycle,
    /// What its content means: at least `schema`.
    pub semantic_descriptor: Value,
    /// What it was made from.
    pub parent_artifacts: Vec<ArtifactId>,
    /// Where its content lies.
    pub materializations: Vec<Materialization>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_comes_back_from_deletion() {
        assert!(
            Lifecycle::ALL
                .into_iter()
                .all(|next| !Lifecycle::Deleted.may_become(next))
        );
    }

    #[test]
    fn an_archived_artifact_can_be_restored_but_not_made_pending() {
        assert!(Lifecycle::Archived.may_become(Lifecycle::Ready));
        assert!(!Lifecycle::Archived.may_become(Lifecycle::Pending));
    }
}
