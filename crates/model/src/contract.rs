//! Boundary contracts: the record of why outside data was let in, and what may be kept of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{ContractId, IntentId, TenantId, UserId};
use crate::time::Timestamp;

/// Where a contract stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Access was granted; keeping the data is not authorised yet.
    Pending,
    /// Keeping the data is authorised under the contract's terms.
    Active,
}

impl Status {
    /// The name used in tables and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
        }
    }

    /// The status of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Pending, Self::Active]
            .into_iter()
            .find(|status| status.as_str() == name)
    }
}

/// A boundary contract. No file is taken in without one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BoundaryContract {
    /// The contract's id.
    pub contract_id: ContractId,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Who brought the data, when known.
    pub user_id: Option<UserId>,
    /// The intent that opened it.
    pub intent_id: IntentId,
    /// The kind of source, such as `file`.
    pub external_source_type: String,
    /// The source itself, such as `upload:<intent>:<name>`.
    pub external_source_identifier: String,
    /// Facts about the source.
    pub external_source_metadata: Value,
    /// Where it stands.
    pub contract_status: Status,
    /// What may be kept, where and for how long; empty while pending.
    pub contract_terms: Value,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
