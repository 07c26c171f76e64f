//! Pending intents: work that is prepared for an artifact and waits for someone to submit it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{ArtifactId, IntentId, SessionId, TenantId, UserId};
use crate::time::Timestamp;

/// Where a pending intent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nobody submitted it yet.
    Pending,
    /// It was submitted and completed.
    Completed,
    /// What it was prepared for is gone.
    Cancelled,
}

impl Status {
    /// The name used in tables and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Pending, Self::Completed, Self::Cancelled]
            .into_iter()
            .find(|status| status.as_str() == name)
    }
}

/// Work prepared for an artifact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PendingIntent {
    /// Its id.
    pub intent_id: IntentId,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Which intent.
    pub intent_type: String,
    /// The artifact it will work on.
    pub target_artifact_id: ArtifactId,
    /// How: ingestion profile, parse options and so on.
    pub context: Value,
    /// Where it stands.
    pub status: Status,
    /// Who prepared it, when known.
    pub user_id: Option<UserId>,
    /// The session it was prepared in, when known.
    pub session_id: Option<SessionId>,
    /// When it was prepared.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
