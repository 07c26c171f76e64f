//! Events of hooks: which of them are decided, and which are only noted.

use civitas_hooks::{Answer, Event, EventKind, ToolCall as HookCall};
use civitas_model::Caller;
use civitas_policy::{Outcome, ToolCall};
use civitas_storage::{CommitError, HookEvent, Refusal};

use super::Gate;
use super::actor::Seen;
use super::call::{TRIES_MAX, Use};
use crate::error::Error;

/// The client whose hooks these are.
const CLIENT: &str = "claude-code";
/// The event before a tool runs.
const PRE_TOOL_USE: &str = "PreToolUse";
/// The event when the client is about to ask the person at it.
const PERMISSION_REQUEST: &str = "PermissionRequest";

impl Gate {
    /// Takes an event in, and answers it when what it led to is durable.
    pub async fn event(&self, caller: &Caller, event: &Event) -> Result<Answer, Error> {
        let seen = seen(event);
        match &event.kind {
            EventKind::PreToolUse(call) => {
                let id = call.tool_use_id.clone().unwrap_or_else(|| self.new_id());
                let asked = asked(PRE_TOOL_USE, id, call, event, self.kept(caller, event));
                Ok(Box::pin(self.decide(caller, &seen, &asked))
                    .await?
                    .into_answer())
            }
            EventKind::PermissionRequest(call) => self.permission(caller, &seen, call, event).await,
            _ => self.report(caller, &seen, event).await,
        }
    }

    /// What policy denies is denied here, too; what it allows, or wants a person for, the person at the client decides, who is
    /// being asked at this moment. A person elsewhere was asked before, at `PreToolUse`.
    async fn permission(
        &self,
        caller: &Caller,
        seen: &Seen,
        call: &HookCall,
        event: &Event,
    ) -> Result<Answer, Error> {
        let kept = self.kept(caller, event);
        let asked = asked(PERMISSION_REQUEST, self.new_id(), call, event, kept);
        for _ in 0..TRIES_MAX {
            let actor = self.actor(caller, seen).await?;
            let judged = self.judge(caller, seen, &actor, &asked, None).await?;
            if judged.decision.outcome != Outcome::Deny {
                return self.report(caller, seen, event).await;
            }
            // Not decided anew: what is denied now must not come back as a call that is held or paid for.
            let denied = if judged.decision.stops_session() {
                self.record_stop(caller, &actor, &asked, &judged).await
            } else {
                self.record_denied(caller, &actor, &asked, &judged).await
            };
            match denied {
                Ok(given) => return Ok(given.into_answer()),
                Err(CommitError::Refused(Refusal::Changed { .. })) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let reason = "the session changes faster than its calls can be decided: ask again";
        Err(Error::Unavailable(reason.to_owned()))
    }

    pub(super) fn new_id(&self) -> String {
        let now = self.0.store.clock().now();
        self.0.entropy.uuid_v7(now).to_string()
    }
}

fn asked(
    name: &'static str,
    tool_use_id: String,
    call: &HookCall,
    event: &Event,
    kept: HookEvent,
) -> Use {
    Use {
        event: name,
        tool_use_id,
        call: ToolCall {
            tool_name: call.tool_name.clone(),
            tool_input: event.tool_input().clone(),
            mcp_server: call.mcp_server.as_ref().map(|server| server.name.clone()),
        },
        kept,
    }
}

fn seen(event: &Event) -> Seen {
    let common = &event.common;
    let model = match &event.kind {
        EventKind::SessionStart { model, .. } => model.clone(),
        EventKind::PostModelSwitch(switch) => Some(switch.to_model.clone()),
        _ => None,
    };
    Seen {
        session_id: common.session_id.clone(),
        client: CLIENT,
        agent_type: common.agent_type.clone(),
        is_sub_agent: event.is_subagent(),
        cwd: common.cwd.clone(),
        home: common.transcript_path.as_deref().and_then(home),
        permission_mode: common.permission_mode.clone(),
        model,
    }
}

/// The home folder, of which the client keeps its conversations below `.claude`.
fn home(transcript: &str) -> Option<String> {
    let at = transcript
        .find("/.claude/")
        .or_else(|| transcript.find("\\.claude\\"))?;
    (at > 0).then(|| transcript[..at].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_folder_is_told_by_the_transcript() {
        let unix = "/home/ada/.claude/projects/x/1.jsonl";
        assert_eq!(home(unix).as_deref(), Some("/home/ada"));
        let windows = r"C:\Users\ada\.claude\projects\x\1.jsonl";
        assert_eq!(home(windows).as_deref(), Some(r"C:\Users\ada"));
        assert_eq!(home("/var/log/1.jsonl"), None);
        assert_eq!(home("/.claude/x"), None);
    }
}
