//! Writes: the changes of domain state an intent can make, as plain data.
//!
//! A handler collects them, the runtime commits them together with the journal entry of the step that made them, and
//! storage applies them. Putting something replaces what has the same id.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::agent::Agent;
use crate::artifact::Artifact;
use crate::budget::{Amount, Reserve};
use crate::contract::BoundaryContract;
use crate::file::File;
use crate::id::{SessionId, TenantId};
use crate::pending::PendingIntent;
use crate::record::Record;

/// One change of domain state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "write", rename_all = "snake_case")]
pub enum Write {
    /// Puts an artifact into the registry.
    Artifact(Box<Artifact>),
    /// Puts a file's facts.
    File(Box<File>),
    /// Puts a boundary contract.
    Contract(Box<BoundaryContract>),
    /// Puts a pending intent.
    PendingIntent(Box<PendingIntent>),
    /// Puts search records.
    Records {
        /// The records, all of one tenant.
        records: Vec<Record>,
    },
    /// Removes every search record of a parent.
    ForgetRecords {
        /// Whose records.
        tenant_id: TenantId,
        /// The parent, such as a file's id.
        parent_id: String,
    },
    /// Forgets an upload, because a file holds its content now.
    ClaimUpload {
        /// Whose upload.
        tenant_id: TenantId,
        /// The upload.
        upload_id: String,
    },
    /// Notes that content lost a use: it is freed once nothing else needs it. Written with what stops needing it.
    ReleaseContent {
        /// Whose content.
        tenant_id: TenantId,
        /// Its digest: SHA-256, in lower-case hexadecimal.
        digest: String,
    },
    /// Registers an agent, or changes its definition.
    Agent(Box<AgentWrite>),
    /// Sets one key of a session's state.
    SessionState {
        /// Whose session.
        tenant_id: TenantId,
        /// The session.
        session_id: SessionId,
        /// The key.
        key: String,
        /// The value; null removes the key.
        value: Value,
    },
    /// Reserves from budgets, or is refused.
    Reserve(Box<Reserve>),
    /// Charges what a reservation was used for, and gives the rest back. One that is not known charges the organisation.
    Settle {
        /// Whose budgets.
        tenant_id: TenantId,
        /// The reservation.
        reservation_id: String,
        /// What was used; as much as was reserved, when absent.
        actual: Option<Amount>,
    },
    /// Gives a reservation back.
    Release {
        /// Whose budgets.
        tenant_id: TenantId,
        /// The reservation.
        reservation_id: String,
    },
}

/// An agent to register or to change, with what the audit log is told of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentWrite {
    /// The agent. One that is there has the revision that was read: when another holds by now, nothing is written.
    pub agent: Agent,
    /// Whether it is new.
    pub is_new: bool,
    /// The text of the file it was read from.
    pub source_text: Option<String>,
    /// What the audit log keeps of it.
    pub audited: Value,
}

impl Write {
    /// Whose data it changes. Storage refuses a write into another tenant than the execution's.
    pub fn tenant_id(&self) -> Option<&TenantId> {
        match self {
            Self::Artifact(artifact) => Some(&artifact.tenant_id),
            Self::File(file) => Some(&file.tenant_id),
            Self::Agent(write) => Some(&write.agent.tenant_id),
            Self::Contract(contract) => Some(&contract.tenant_id),
            Self::PendingIntent(pending) => Some(&pending.tenant_id),
            Self::Records { records } => records.first().map(|record| &record.tenant_id),
            Self::Reserve(reserve) => Some(&reserve.tenant_id),
            Self::ForgetRecords { tenant_id, .. }
            | Self::Settle { tenant_id, .. }
            | Self::Release { tenant_id, .. }
            | Self::ClaimUpload { tenant_id, .. }
            | Self::ReleaseContent { tenant_id, .. }
            | Self::SessionState { tenant_id, .. } => Some(tenant_id),
        }
    }
}
