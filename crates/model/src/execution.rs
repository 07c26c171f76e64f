//! An intent as submitted and its execution.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{ExecutionId, IntentId, SessionId, SolutionId, TenantId, UserId};
use crate::money::Money;
use crate::time::Timestamp;

/// What was asked for, exactly as accepted. Never changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Intent {
    /// The intent's own id, chosen by the client or made at intake.
    pub intent_id: IntentId,
    /// Which intent, such as `parse_content`.
    pub intent_type: String,
    /// Whose boundary it runs in.
    pub tenant_id: TenantId,
    /// The session it belongs to.
    pub session_id: SessionId,
    /// The solution it belongs to; `default` when the client does not say.
    pub solution_id: SolutionId,
    /// Who submitted it, when known.
    pub user_id: Option<UserId>,
    /// The parameters, valid against the intent's schema.
    pub parameters: Value,
    /// Free-form labels from the client.
    pub metadata: Value,
    /// When it was accepted.
    pub created_at: Timestamp,
}

/// Where an execution stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Durably accepted, not started.
    Pending,
    /// A handler is at work.
    Running,
    /// Parked until what it waits for arrives.
    Waiting,
    /// Finished with a result.
    Completed,
    /// Finished with a reason.
    Failed,
    /// Stopped by request.
    Cancelled,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Running,
        Self::Waiting,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The name used in tables and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether nothing more will happen unless someone asks for a retry.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// What a waiting execution waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Wait {
    /// A point in time, set by the handler.
    Timer {
        /// When it goes on.
        until: Timestamp,
    },
    /// The next attempt after an error worth retrying.
    Retry {
        /// When it is tried again.
        until: Timestamp,
        /// What went wrong.
        error: String,
    },
    /// Another execution that this one started.
    Child {
        /// The execution it waits for.
        execution_id: ExecutionId,
    },
    /// Room in a budget.
    Budget {
        /// The pool that has none, such as `organisation`.
        scope: String,
        /// Of what: `tokens` or `cost`.
        what: String,
        /// The tokens that are to be reserved.
        tokens: u64,
        /// The money that is to be reserved, in units of the budget's currency.
        #[schemars(with = "f64")]
        cost: Money,
        /// When some of what was used is forgotten, if it ever is; a raised cap or a returned reservation ends the wait
        /// before.
        until: Option<Timestamp>,
    },
    /// People, who have to approve what it wants to do.
    Approval {
        /// The approval's id.
        approval_id: String,
        /// What people call it.
        code: String,
        /// When it means no.
        expires_at: Timestamp,
    },
    /// An operator who paused it.
    Paused {
        /// Who paused it.
        by: String,
    },
}

impl Wait {
    /// When the wait ends by itself, if it does.
    pub const fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Budget { until, .. } => *until,
            Self::Timer { until }
            | Self::Retry { until, .. }
            | Self::Approval {
                expires_at: until, ..
            } => Some(*until),
            Self::Child { .. } | Self::Paused { .. } => None,
        }
    }
}

/// Why an execution failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// A code of [`crate::ErrorCode`].
    pub code: String,
    /// What went wrong and what to do about it.
    pub message: String,
}

/// One run of an intent, from acceptance to its final state.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    /// The execution's id.
    pub execution_id: ExecutionId,
    /// What it runs.
    pub intent: Intent,
    /// Where it stands.
    pub status: Status,
    /// How often a handler was started on it.
    pub attempt: u32,
    /// How many of its attempts failed and were made again.
    pub retries: u32,
    /// The number of the last entry of its journal.
    pub last_seq: u64,
    /// What it waits for, when waiting.
    pub wait: Option<Wait>,
    /// The execution that started it, when it is a child.
    pub parent: Option<ExecutionId>,
    /// The artifacts it answered with, by key, once completed.
    pub result: Option<Value>,
    /// Why it failed, once failed.
    pub failure: Option<Failure>,
    /// When it last changed.
    pub updated_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_completed_failed_and_cancelled_are_final() {
        let finals: Vec<_> = Status::ALL.into_iter().filter(|s| s.is_final()).collect();
        assert_eq!(
            finals,
            [Status::Completed, Status::Failed, Status::Cancelled]
        );
    }

    #[test]
    fn a_wait_is_stored_with_its_kind() {
        let wait = Wait::Timer {
            until: Timestamp::from_micros(0),
        };
        let text = serde_json::to_string(&wait).unwrap();
        assert_eq!(
            text,
            r#"{"kind":"timer","until":"1970-01-01T00:00:00.000000Z"}"#
        );
        assert_eq!(serde_json::from_str::<Wait>(&text).unwrap(), wait);
    }
}
