//! What each event lets a hook say, and what becomes of a hook that fails.

use crate::event::Event;
use crate::kind::EventKind;
use crate::name::Name;

/// What a command must do that cannot get an answer, so that nothing passes unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// Exit with 2: the client does not go on with what the event announced.
    Block,
    /// Print an answer that denies: the client does not look at the exit code of this event.
    Deny,
    /// Exit with 0: there is nothing to hold back, or blocking would keep an agent going that wants to stop.
    Proceed,
}

/// In which words an event is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// `hookSpecificOutput.permissionDecision`, which can also ask.
    Permission,
    /// `hookSpecificOutput.decision.behavior`.
    Behavior,
    /// `decision: "block"`.
    Decision,
    /// `hookSpecificOutput.action: "decline"`.
    Action,
    /// It cannot be.
    No,
}

impl Name {
    /// What a command must do that cannot get an answer.
    pub const fn on_failure(self) -> OnFailure {
        match self {
            Self::PreToolUse
            | Self::PostToolBatch
            | Self::UserPromptSubmit
            | Self::UserPromptExpansion
            | Self::PreCompact
            | Self::PreModelSwitch
            | Self::TaskCreated
            | Self::Elicitation
            | Self::ElicitationResult
            | Self::ConfigChange
            | Self::WorktreeCreate
            | Self::WorktreeRemove => OnFailure::Block,
            Self::PermissionRequest => OnFailure::Deny,
            Self::PostToolUse
            | Self::PostToolUseFailure
            | Self::Notification
            | Self::SessionStart
            | Self::SessionEnd
            | Self::Stop
            | Self::StopFailure
            | Self::SubagentStart
            | Self::SubagentStop
            | Self::PostCompact
            | Self::PostModelSwitch
            | Self::PermissionDenied
            | Self::Setup
            | Self::TeammateIdle
            | Self::TaskCompleted
            | Self::InstructionsLoaded
            | Self::CwdChanged
            | Self::FileChanged
            | Self::DirectoryAdded
            | Self::MessageDisplay => OnFailure::Proceed,
        }
    }

    /// How long the client is told to wait for a hook on this event, in seconds. Who answers must be quicker: on most events a
    /// client that has waited long enough goes on as if nothing had been said.
    pub const fn timeout_seconds(self) -> u32 {
        match self {
            // A person may have to decide.
            Self::PreToolUse | Self::PermissionRequest => 570,
            Self::UserPromptSubmit
            | Self::UserPromptExpansion
            | Self::PostToolBatch
            | Self::PreCompact
            | Self::PreModelSwitch
            | Self::TaskCreated
            | Self::Elicitation
            | Self::ElicitationResult
            | Self::ConfigChange => 30,
            // A user waits for the client to start.
            Self::SessionStart | Self::Setup => 5,
            _ => 10,
        }
    }

    /// Whether something waits for the answer, so that a refusal holds it back.
    pub(crate) const fn is_gate(self) -> bool {
        !matches!(self.on_failure(), OnFailure::Proceed)
    }

    pub(crate) const fn refusal(self) -> Refusal {
        match self {
            Self::PreToolUse | Self::PreModelSwitch => Refusal::Permission,
            Self::PermissionRequest => Refusal::Behavior,
            Self::UserPromptSubmit
            | Self::UserPromptExpansion
            | Self::PostToolUse
            | Self::PostToolUseFailure
            | Self::PostToolBatch
            | Self::Stop
            | Self::SubagentStop
            | Self::ConfigChange
            | Self::PreCompact
            | Self::TaskCreated => Refusal::Decision,
            Self::Elicitation | Self::ElicitationResult => Refusal::Action,
            // A worktree's and a teammate's events are refused by an exit code alone.
            _ => Refusal::No,
        }
    }

    /// Whether the event takes `hookSpecificOutput.additionalContext`.
    pub(crate) const fn takes_context(self) -> bool {
        matches!(
            self,
            Self::PreToolUse
                | Self::PostToolUse
                | Self::PostToolUseFailure
                | Self::PostToolBatch
                | Self::Notification
                | Self::UserPromptSubmit
                | Self::UserPromptExpansion
                | Self::SessionStart
                | Self::Setup
                | Self::Stop
                | Self::SubagentStart
                | Self::SubagentStop
                | Self::PostModelSwitch
        )
    }
}

impl Event {
    /// Whether this event goes on only because a hook kept it going: doing so again may never end.
    pub(crate) fn is_kept_going(&self) -> bool {
        match &self.kind {
            EventKind::Stop(stopped) | EventKind::SubagentStop { stopped, .. } => {
                stopped.stop_hook_active
            }
            _ => false,
        }
    }

    /// Whether this event is beyond a hook's say: managed settings come from above it.
    pub(crate) fn is_settled(&self) -> bool {
        matches!(&self.kind, EventKind::ConfigChange { source, .. } if source == "policy_settings")
    }
}
