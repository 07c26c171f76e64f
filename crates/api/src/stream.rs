//! Live views of an execution, as clients read them.

use civitas_model::execution::Status;
use civitas_model::journal::{Entry, Kind};
use civitas_model::{ExecutionId, IntentId};
use serde_json::{Value, json};

/// One entry of the journal as one message.
pub(crate) fn message(execution: &ExecutionId, intent: &IntentId, entry: &Entry) -> Value {
    let status = status(entry.kind);
    let mut message = json!({
        "type": "execution_update",
        "event_type": event_type(entry.kind),
        "seq": entry.seq,
        "execution_id": execution,
        "intent_id": intent,
        "status": status,
        "name": entry.name,
        "data": data(entry),
        "timestamp": entry.created_at,
    });
    if entry.kind == Kind::Failed {
        message["error"] = entry.data.get("message").cloned().unwrap_or_default();
    }
    message
}

/// The message that keeps an idle connection open.
pub(crate) fn ping(timestamp: civitas_model::Timestamp) -> Value {
    json!({ "type": "ping", "timestamp": timestamp })
}

/// What of an entry is shown: results of steps are for replays, not for readers.
fn data(entry: &Entry) -> Value {
    match entry.kind {
        Kind::Step | Kind::Checkpoint | Kind::EffectFinished | Kind::ChildFinished => Value::Null,
        Kind::Event
        | Kind::EffectStarted
        | Kind::ChildStarted
        | Kind::TimerSet
        | Kind::Reserved
        | Kind::Settled => entry.data.get("result").cloned().unwrap_or_default(),
        _ => entry.data.clone(),
    }
}

/// The execution's status once this entry was written.
pub(crate) const fn status(kind: Kind) -> Status {
    match kind {
        Kind::Accepted | Kind::Resumed | Kind::RetryRequested => Status::Pending,
        Kind::Waiting | Kind::Retrying => Status::Waiting,
        Kind::Completed => Status::Completed,
        Kind::Failed => Status::Failed,
        Kind::Cancelled => Status::Cancelled,
        _ => Status::Running,
    }
}

/// The event's name, as the contract's clients know it.
pub(crate) const fn event_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Accepted => "EXECUTION_ACCEPTED",
        Kind::Started => "EXECUTION_STARTED",
        Kind::Step => "STEP_COMPLETED",
        Kind::EffectStarted => "EFFECT_STARTED",
        Kind::EffectFinished => "EFFECT_COMPLETED",
        Kind::Event => "EVENT",
        Kind::Progress => "PROGRESS",
        Kind::Checkpoint => "CHECKPOINT",
        Kind::TimerSet => "TIMER_SET",
        Kind::ChildStarted => "CHILD_STARTED",
        Kind::ChildFinished => "CHILD_COMPLETED",
        Kind::ApprovalRequested => "APPROVAL_PENDING",
        Kind::ApprovalUsed => "APPROVAL_USED",
        Kind::Reserved => "BUDGET_RESERVED",
        Kind::Settled => "BUDGET_SETTLED",
        Kind::Waiting => "EXECUTION_WAITING",
        Kind::Resumed => "EXECUTION_RESUMED",
        Kind::Retrying => "EXECUTION_RETRYING",
        Kind::RetryRequested => "EXECUTION_RETRY_REQUESTED",
        Kind::Completed => "EXECUTION_COMPLETED",
        Kind::Failed => "EXECUTION_FAILED",
        Kind::Cancelled => "EXECUTION_CANCELLED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = Kind::ALL.into_iter().map(event_type).collect();
        assert_eq!(names.len(), Kind::ALL.len());
    }
}
