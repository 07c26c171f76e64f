//! Governance: who the agents are.
//!
//! The registry knows every agent of a tenant: its role, what it may use, what it may spend, who answers for it, and what it
//! did as far as that was measured. Agents come from requests or from files, which [`agent_file`] reads however broken
//! they are.
//!
//! Invariants:
//! - Reading files is a pure function; it never fails, and says per file what became of it.
//! - What a change of state is accompanied by (usage, activity) is in the same changeset.

pub mod agent_file;
mod error;
pub mod limits;
pub mod registry;
pub mod roles;
pub mod telemetry;

pub use agent_file::{FILE_BYTES_MAX, FILES_MAX};
pub use error::{Error, Invalid};
pub use registry::{
    Action, AgentPatch, ImportFile, Imported, NewAgent, NewMetric, PAGE_MAX, PERIOD_DAYS_MAX,
    Registry,
};
pub use telemetry::Telemetry;
