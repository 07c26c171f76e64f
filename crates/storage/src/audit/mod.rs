//! The audit log: entries appended with whatever they accompany, checkpoints, bodies that go, readings and proofs.

mod change;
mod head;
mod proof;
mod read;

pub use change::{AuditChange, DROP_MAX};
pub use read::{
    Audit, AuditFilter, AuditHead, AuditLog, AuditNode, AuditStats, AuditStrays, SignedCheckpoint,
};

pub use head::LEVELS as AUDIT_LEVELS;

pub(crate) use head::{Heads, append, settle};
