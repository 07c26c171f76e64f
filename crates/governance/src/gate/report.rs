//! Events that only tell what happened: kept as they came, and noted where governance changes by them.

use std::time::Duration;

use civitas_hooks::{Answer, Event, EventKind, ToolCall as HookCall};
use civitas_model::Caller;
use civitas_model::agent::{Lifecycle, as_name};
use civitas_model::approval::ApprovalState;
use civitas_model::budget::Amount;
use civitas_storage::{
    AgentChange, AgentSessionChange, Announce, ApprovalFilter, BudgetChange, Changeset,
    CommitError, HookEvent, KeepHookEvent, Refusal,
};
use serde_json::{Value, json};

use super::Gate;
use super::actor::{Actor, Seen};
use super::call::TRIES_MAX;
use super::record::{halted, reservation_id};
use super::summary::without_content;
use crate::error::Error;

/// Approvals that a session's end takes back in one commit, at most; the rest follows.
const WITHDRAWN_MAX: u32 = 200;
/// How long a session counts as metered after its telemetry came: an exporter that fell silent charges nothing any more.
const METERED_FOR: Duration = Duration::from_mins(10);
/// The longest reason of a failure that is kept, in characters.
const REASON_MAX: usize = 500;

impl Gate {
    /// Notes what happened. The same event again changes nothing.
    pub(super) async fn report(
        &self,
        caller: &Caller,
        seen: &Seen,
        event: &Event,
    ) -> Result<Answer, Error> {
        // What the session's requests cost is charged by telemetry; its tool calls cost nothing of their own then.
        let telemetry = self.0.store.telemetry();
        let since = self.0.store.clock().now().minus(METERED_FOR);
        let is_metered = telemetry
            .is_metered(&caller.tenant_id, &event.common.session_id, since)
            .await?;
        let mut has_reservation = true;
        for _ in 0..TRIES_MAX {
            let mut actor = self.actor(caller, seen).await?;
            let halt = self.stopping(caller, &actor).await?;
            let ends = matches!(event.kind, EventKind::SessionEnd { .. });
            actor.session.ended_at = ends.then(|| self.0.store.clock().now());
            let mut changes = Changeset::new()
                .with(KeepHookEvent(Box::new(self.kept(caller, event))))
                .with(actor.sighting(0, 0));
            if has_reservation && let Some(settle) = settle(caller, event, is_metered) {
                changes = changes.with(settle);
            }
            if ends {
                changes = changes.with_all(self.withdrawn(caller, &actor).await?.0);
            }
            changes = self.noted(changes, caller, &actor, event);
            match self.commit(changes).await {
                // An approval of an ended session was decided meanwhile, if it is that.
                Err(CommitError::Refused(Refusal::Changed { .. } | Refusal::Approval(_))) => {}
                // A call from before the hooks were installed, or one that was refused: nothing was reserved.
                Err(CommitError::Refused(Refusal::NotFound { .. })) if has_reservation => {
                    has_reservation = false;
                }
                Ok(()) | Err(CommitError::Refused(Refusal::AlreadyExists { .. })) => {
                    if ends {
                        self.withdraw_rest(caller, &actor).await?;
                    }
                    return Ok(halt.map_or(Answer::None, |halt| Answer::Halt {
                        reason: halted(&halt),
                    }));
                }
                Err(error) => return Err(error.into()),
            }
        }
        let reason = "the session changes faster than its events can be noted: send it again";
        Err(Error::Unavailable(reason.to_owned()))
    }

    /// What takes back the approvals that a session still has open, and how many those are.
    async fn withdrawn(&self, caller: &Caller, actor: &Actor) -> Result<(Changeset, usize), Error> {
        let mut changes = Changeset::new();
        let mut count = 0;
        for state in [ApprovalState::Pending, ApprovalState::Approved] {
            let filter = ApprovalFilter {
                state: Some(state),
                now: self.0.store.clock().now(),
                session_id: Some(actor.session.session_id.clone()),
                ..ApprovalFilter::default()
            };
            let approvals = self.0.store.approvals();
            for approval in approvals
                .list(&caller.tenant_id, &filter, WITHDRAWN_MAX)
                .await?
            {
                let reason = "its session ended";
                let withdrawing = &self.0.approvals;
                changes = changes.with_all(withdrawing.withdrawing(actor.who(), &approval, reason));
                count += 1;
            }
        }
        Ok((changes, count))
    }

    /// Takes back what a call asked for while its session ended.
    async fn withdraw_rest(&self, caller: &Caller, actor: &Actor) -> Result<(), Error> {
        for _ in 0..TRIES_MAX {
            let (changes, count) = self.withdrawn(caller, actor).await?;
            if count == 0 {
                break;
            }
            match self.commit(changes).await {
                Ok(()) | Err(CommitError::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// An event as it is kept: without what was said, and under a key that is the same for the same event.
    pub(super) fn kept(&self, caller: &Caller, event: &Event) -> HookEvent {
        let call = event.tool_call();
        let tool_use_id = call.and_then(|call| call.tool_use_id.clone());
        let name = event.common.hook_event_name.clone();
        let event_key = match &tool_use_id {
            Some(id) => format!("{name}/{id}"),
            None => self.new_id(),
        };
        HookEvent {
            tenant_id: caller.tenant_id.clone(),
            session_id: event.common.session_id.clone(),
            event_key,
            name,
            tool_use_id,
            raw: without_content(&event.raw).to_string(),
            created_at: self.0.store.clock().now(),
        }
    }

    /// The changes with the entry and the activity of an event that has some.
    fn noted(
        &self,
        changes: Changeset,
        caller: &Caller,
        actor: &Actor,
        event: &Event,
    ) -> Changeset {
        let changes = activity(changes, caller, actor, event);
        let Some((action, outcome, context)) = told(event) else {
            return changes;
        };
        let session = actor.session.session_id.as_str();
        let call = event.tool_call();
        let body = json!({
            "agent_name": actor.name(),
            "also_named": actor.also_named(),
            "operation_detail": call.map(|call| call.tool_name.as_str()),
            "context": context,
            "reported_by": caller.name,
        });
        let mut entry = self
            .entry(caller, actor, action)
            .outcome(outcome)
            .on("agent_session", session)
            .with_body(&body, self.0.entropy.as_ref());
        entry.tool_use_id = call.and_then(|call| call.tool_use_id.clone());
        changes.with(entry)
    }
}

/// What the live feed says of an agent that begins or has finished.
fn activity(changes: Changeset, caller: &Caller, actor: &Actor, event: &Event) -> Changeset {
    let begins = matches!(
        event.kind,
        EventKind::SessionStart { .. } | EventKind::SubagentStart
    );
    let ends = matches!(
        event.kind,
        EventKind::Stop(_) | EventKind::SubagentStop { .. } | EventKind::SessionEnd { .. }
    );
    let tenant_id = caller.tenant_id.clone();
    let changes = match &actor.unregistered {
        Some(name) if begins => changes.with(AgentSessionChange::SeeUnregistered {
            tenant_id: tenant_id.clone(),
            name: as_name(name).unwrap_or_else(|| name.clone()),
            session_id: actor.session.session_id.clone(),
        }),
        _ => changes,
    };
    if begins
        && actor.unregistered.is_none()
        && let Some(agent) = &actor.agent
        && agent.lifecycle == Lifecycle::Active
    {
        return changes.with(AgentChange::Activate {
            tenant_id,
            agent_id: agent.agent_id.clone(),
            from: Lifecycle::Active,
        });
    }
    if !begins && !ends {
        return changes;
    }
    let data = json!({
        "agent_id": actor.agent.as_ref().map(|agent| &agent.agent_id),
        "agent_name": actor.name(),
        "role": actor.agent.as_ref().map(|agent| agent.role.as_str()),
        "session_id": actor.session.session_id,
        "event": event.common.hook_event_name,
    });
    let kind = if begins {
        "agent_activated"
    } else {
        "agent_completed"
    };
    changes.with(Announce {
        tenant_id,
        kind,
        data,
    })
}

/// The call that an event says has run.
fn ran(event: &Event) -> Option<&HookCall> {
    match &event.kind {
        EventKind::PostToolUse(call) | EventKind::PostToolUseFailure { call, .. } => Some(call),
        _ => None,
    }
}

/// Ends what was reserved for a call that ran: charged as it was estimated, given back when its telemetry charges it.
///
/// Of one that is said not to have run it stays reserved for its time: who reports that is the client, and what it reports must
/// not make room.
fn settle(caller: &Caller, event: &Event, is_metered: bool) -> Option<BudgetChange> {
    let id = ran(event)?.tool_use_id.as_deref()?;
    Some(BudgetChange::Settle {
        tenant_id: caller.tenant_id.clone(),
        reservation_id: reservation_id(&event.common.session_id, id),
        actual: is_metered.then(Amount::default),
    })
}

/// What the audit log says of an event: the operation, what became of it, and what else belongs to it.
fn told(event: &Event) -> Option<(&'static str, &'static str, Value)> {
    let short = |text: &str| text.chars().take(REASON_MAX).collect::<String>();
    Some(match &event.kind {
        EventKind::PostToolUse(call) => (
            "tool_result",
            "completed",
            json!({ "duration_ms": call.duration_ms }),
        ),
        EventKind::PostToolUseFailure {
            call,
            error,
            is_interrupt,
        } => (
            "tool_result",
            "failed",
            json!({ "duration_ms": call.duration_ms, "error": short(error), "is_interrupt": is_interrupt }),
        ),
        EventKind::PermissionDenied { reason, .. } => (
            "permission_denied",
            "denied",
            json!({ "reason": short(reason) }),
        ),
        EventKind::SessionStart { source, model, .. } => (
            "session_start",
            "done",
            json!({ "source": source, "model": model }),
        ),
        EventKind::SessionEnd { reason } => ("session_end", "done", json!({ "reason": reason })),
        EventKind::SubagentStart => ("subagent_start", "done", Value::Null),
        EventKind::SubagentStop { .. } => ("subagent_stop", "done", Value::Null),
        EventKind::ConfigChange { source, file_path } => (
            "config_change",
            "done",
            json!({ "source": source, "file_path": file_path }),
        ),
        EventKind::PostModelSwitch(switch) => (
            "model_switch",
            "done",
            json!({ "from": switch.from_model, "to": switch.to_model }),
        ),
        _ => return None,
    })
}
