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
    /// A halt was set or lifted.
    Halt {
        /// In this tenant.
        tenant_id: TenantId,
    },
    /// Another version of a tenant's policies is active.
    Policy {
        /// Whose.
        tenant_id: TenantId,
    },
    /// Room may have become free in a tenant's budgets: a cap was raised, a reservation given back, or a day began. Whoever
    /// waits for some tries again.
    Budget {
        /// Whose.
        tenant_id: TenantId,
    },
    /// An approval was asked for, decided, used or changed: whoever waits for it reads it.
    Approval {
        /// Whose.
        tenant_id: TenantId,
        /// Which.
        approval_id: String,
    },
    /// A webhook was set up, changed or removed, or is to send something again.
    Webhook {
        /// Whose it is.
        tenant_id: TenantId,
        /// Which.
        webhook_id: String,
    },
}
