//! The journal: the gap-free list of everything that happened to one execution.
//!
//! It is at once what a handler is replayed from after a crash and what a live stream shows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::time::Timestamp;

/// What kind of thing an entry records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The intent was durably accepted.
    Accepted,
    /// A handler was started on it; once per attempt.
    Started,
    /// A step finished; its result is replayed, not computed again.
    Step,
    /// An effect on the outside world is about to be made, under a stable key.
    EffectStarted,
    /// The effect's outcome.
    EffectFinished,
    /// The handler announced something.
    Event,
    /// Progress towards the end; not replayed.
    Progress,
    /// A batch of changes was committed between two steps.
    Checkpoint,
    /// The handler set a timer.
    TimerSet,
    /// The handler started another execution.
    ChildStarted,
    /// The child's outcome.
    ChildFinished,
    /// The handler reserved from budgets.
    Reserved,
    /// What was reserved is paid, or given back.
    Settled,
    /// The handler asked people for their approval.
    ApprovalRequested,
    /// It was given, and goes into what is done next.
    ApprovalUsed,
    /// The execution was parked.
    Waiting,
    /// The execution goes on.
    Resumed,
    /// An attempt failed and will be made again.
    Retrying,
    /// Someone asked for another try of a finished execution.
    RetryRequested,
    /// It finished with a result.
    Completed,
    /// It finished with a reason.
    Failed,
    /// It was stopped by request.
    Cancelled,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 22] = [
        Self::Accepted,
        Self::Started,
        Self::Step,
        Self::EffectStarted,
        Self::EffectFinished,
        Self::Event,
        Self::Progress,
        Self::Checkpoint,
        Self::TimerSet,
        Self::ChildStarted,
        Self::ChildFinished,
        Self::Reserved,
        Self::Settled,
        Self::ApprovalRequested,
        Self::ApprovalUsed,
        Self::Waiting,
        Self::Resumed,
        Self::Retrying,
        Self::RetryRequested,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The name used in tables and streams.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Started => "started",
            Self::Step => "step",
            Self::EffectStarted => "effect_started",
            Self::EffectFinished => "effect_finished",
            Self::Event => "event",
            Self::Progress => "progress",
            Self::Checkpoint => "checkpoint",
            Self::TimerSet => "timer_set",
            Self::ChildStarted => "child_started",
            Self::ChildFinished => "child_finished",
            Self::Reserved => "reserved",
            Self::Settled => "settled",
            Self::ApprovalRequested => "approval_requested",
            Self::ApprovalUsed => "approval_used",
            Self::Waiting => "waiting",
            Self::Resumed => "resumed",
            Self::Retrying => "retrying",
            Self::RetryRequested => "retry_requested",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether the entry records an operation of the handler, which a replay must meet again in the same order.
    pub const fn is_operation(self) -> bool {
        matches!(
            self,
            Self::Step
                | Self::EffectStarted
                | Self::EffectFinished
                | Self::Event
                | Self::Checkpoint
                | Self::TimerSet
                | Self::ChildStarted
                | Self::ChildFinished
                | Self::Reserved
                | Self::Settled
                | Self::ApprovalRequested
                | Self::ApprovalUsed
        )
    }
}

/// An entry about to be written; its number is given at the commit.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEntry {
    /// What it records.
    pub kind: Kind,
    /// The step's, event's or child's name; empty where the kind says all.
    pub name: String,
    /// What a replay or a reader needs.
    pub data: Value,
}

impl NewEntry {
    /// An entry with a name and data.
    pub fn new(kind: Kind, name: impl Into<String>, data: Value) -> Self {
        Self {
            kind,
            name: name.into(),
            data,
        }
    }

    /// An entry whose kind says all.
    pub fn bare(kind: Kind) -> Self {
        Self::new(kind, "", Value::Null)
    }
}

/// An entry as written.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its number within the execution: 1, 2, 3, … without a gap.
    pub seq: u64,
    /// What it records.
    pub kind: Kind,
    /// The step's, event's or child's name; empty where the kind says all.
    pub name: String,
    /// What a replay or a reader needs.
    pub data: Value,
    /// When it was committed.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back_to_what_they_name() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        }
    }
}
