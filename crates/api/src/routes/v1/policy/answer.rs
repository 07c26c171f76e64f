//! Versions of policies as they are answered.

use civitas_model::Timestamp;
use civitas_storage::{PolicyActivation, PolicyVersion, PolicyVersionInfo};
use serde::Serialize;
use utoipa::ToSchema;

use super::files::PolicyFile;

/// A version with its texts.
#[derive(Serialize, ToSchema)]
pub(crate) struct PolicyVersionResponse {
    /// Its number; 0 is what every tenant starts with.
    version: u64,
    /// SHA-256 over everything it says; decisions name it.
    fingerprint: String,
    /// Why it was made.
    note: String,
    /// The version that it was made from.
    based_on: u64,
    created_by: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The tables (TOML).
    tables: String,
    /// The policies (Cedar).
    sources: Vec<PolicyFile>,
    /// Their tests (TOML).
    tests: Vec<PolicyFile>,
}

impl From<PolicyVersion> for PolicyVersionResponse {
    fn from(version: PolicyVersion) -> Self {
        let files = |texts: Vec<_>| texts.into_iter().map(PolicyFile::from).collect();
        Self {
            version: version.number,
            fingerprint: version.fingerprint,
            note: version.note,
            based_on: version.based_on,
            created_by: version.created_by,
            created_at: version.created_at,
            tables: version.tables,
            sources: files(version.sources),
            tests: files(version.tests),
        }
    }
}

/// A version without its texts.
#[derive(Serialize, ToSchema)]
pub(crate) struct PolicyVersionSummary {
    version: u64,
    fingerprint: String,
    note: String,
    /// The version that it was made from.
    based_on: u64,
    created_by: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Whether it decides now.
    active: bool,
}

impl PolicyVersionSummary {
    pub(super) fn of(info: PolicyVersionInfo, active: u64) -> Self {
        Self {
            active: info.number == active,
            version: info.number,
            fingerprint: info.fingerprint,
            note: info.note,
            based_on: info.based_on,
            created_by: info.created_by,
            created_at: info.created_at,
        }
    }
}

/// One activation.
#[derive(Serialize, ToSchema)]
pub(crate) struct PolicyActivationResponse {
    /// The version from then on.
    version: u64,
    /// The version until then.
    previous: u64,
    fingerprint: String,
    note: String,
    activated_by: String,
    #[schema(value_type = String, format = DateTime)]
    activated_at: Timestamp,
}

impl From<PolicyActivation> for PolicyActivationResponse {
    fn from(one: PolicyActivation) -> Self {
        Self {
            version: one.number,
            previous: one.previous,
            fingerprint: one.fingerprint,
            note: one.note,
            activated_by: one.activated_by,
            activated_at: one.activated_at,
        }
    }
}
