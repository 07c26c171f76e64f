//! Notices: what is said to everyone on this node after a commit.

use civitas_model::execution::Status;
use civitas_model::{ExecutionId, TenantId};

/// Something that was committed. A hint to read, never the truth: a receiver that missed some reads from storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// An execution's journal grew.
    Execution {
        /// Which execution.
        execution_id: ExecutionId,
        /// The number of its last entry.
        last_seq: u64,
        /// Its status, when the change set it.
        status: Option<Status>,
    },
    /// Executions have become ready or will wake by themselves: the scheduler should look.
    Schedule,
    /// Search records changed.
    Records,
    /// An agent did something, or something happened to it.
    Activity,
    /// A webhook was set up, changed or removed, or is to send something again.
    Webhook {
        /// Whose it is.
        tenant_id: TenantId,
        /// Which.
        webhook_id: String,
    },
}
