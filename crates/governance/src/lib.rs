//! Governance: who the agents are, what they may do, and what people have to approve.
//! Governance: who the agents are, and what they may spend.
//!
//! The registry knows every agent of a tenant: its role, what it may use, what it may spend, who answers for it, and what it
//! did as far as that was measured. Agents come from requests or from files, which [`agent_file`] reads however broken
//! they are. [`policies`] keeps each tenant's policies: their versions, the set that decides now, and the decisions that were made.
//!
//! [`Budgets`] says what may be used of a pool of money and tokens, and pays from it.
//!
//! What agents do is passed on by the [`feed`] to whoever watches, and by [`webhooks`] to addresses that a tenant chose.
//!
//! Invariants:
//! - Reading files is a pure function; it never fails, and says per file what became of it.
//! - Only people decide approvals, and what they decide is committed with its entry in the audit log ([`approvals`]).
//! - What a change of state is accompanied by (usage, activity) is in the same changeset.
//! - What is passed on was committed before, and is the same for everyone who may see it.

pub mod approvals;
pub mod budgets;
mod cache;
mod error;
pub mod feed;
pub mod gate;
pub mod halts;
pub mod policies;
pub mod registry;
mod speaking;
pub mod telemetry;
#[cfg(test)]
mod test_agents;
pub mod webhooks;

pub use civitas_agent_files as agent_file;
pub use civitas_agent_files::{limits, roles};

pub use agent_file::{FILE_BYTES_MAX, FILES_MAX};
pub use approvals::Approvals;
pub use budgets::{Budget, Budgets, Deduction, NewCaps, NewReservation, Paid};
pub use error::{Error, Finding, Invalid};
pub use feed::Feed;
pub use halts::Halts;
pub use policies::Policies;
pub use registry::{
    Action, AgentPatch, ImportFile, Imported, NewAgent, NewMetric, PAGE_MAX, PERIOD_DAYS_MAX,
    Registry,
};
pub use telemetry::Telemetry;
pub use webhooks::Webhooks;
pub use webhooks::check::event_type;
