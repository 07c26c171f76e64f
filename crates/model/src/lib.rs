//! The nouns of Civitas: plain data that every crate agrees on.
//!
//! Invariant: this crate does no I/O beyond reading the system clock and the system's random source, holds no async
//! code, and depends on no other crate of the workspace. Everything that needs "now" or "a new id" takes a
//! [`Clock`] or an [`Entropy`], so that tests decide both.

pub mod agent;
pub mod agent_session;
pub mod approval;
pub mod artifact;
pub mod budget;
pub mod caller;
pub mod contract;
pub mod entropy;
pub mod error;
pub mod execution;
pub mod file;
pub mod halt;
pub mod id;
pub mod journal;
pub mod metric;
pub mod money;
pub mod pending;
pub mod permission;
pub mod record;
pub mod session;
pub mod telemetry;
pub mod time;
pub mod user;
pub mod write;

pub use agent::Agent;
pub use agent_session::{AgentSession, UnregisteredAgent};
pub use approval::Approval;
pub use artifact::Artifact;
pub use budget::Amount;
pub use caller::{Caller, CallerKind};
pub use contract::BoundaryContract;
pub use entropy::{Entropy, SystemEntropy};
pub use error::ErrorCode;
pub use execution::Execution;
pub use file::File;
pub use halt::{Halt, HaltScope};
pub use id::{
    AgentId, ArtifactId, ContractId, ExecutionId, FileId, Id, IntentId, MetricId, RecordId,
    SessionId, SolutionId, TenantId, UserId,
};
pub use metric::Metric;
pub use money::Money;
pub use pending::PendingIntent;
pub use permission::{Permission, Role};
pub use record::Record;
pub use session::Session;
pub use time::{Clock, SystemClock, Timestamp};
pub use user::User;
pub use write::{AgentWrite, Write};
