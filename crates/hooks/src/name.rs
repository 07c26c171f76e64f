//! The names of the events.

/// An event that version [`crate::CLIENT_VERSION`] of the client knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Name {
    /// Before a tool runs.
    PreToolUse,
    /// After a tool ran.
    PostToolUse,
    /// After a tool failed.
    PostToolUseFailure,
    /// After all tools of one response ran, before the model is asked again.
    PostToolBatch,
    /// The client tells its user something.
    Notification,
    /// Before a prompt reaches the model.
    UserPromptSubmit,
    /// Before a command in a prompt is expanded.
    UserPromptExpansion,
    /// A session begins or goes on.
    SessionStart,
    /// A session ends.
    SessionEnd,
    /// The model has finished its answer.
    Stop,
    /// The model's answer ended in an error.
    StopFailure,
    /// A sub-agent begins.
    SubagentStart,
    /// A sub-agent has finished.
    SubagentStop,
    /// Before a conversation is compacted.
    PreCompact,
    /// After it was.
    PostCompact,
    /// Before a session goes over to another model.
    PreModelSwitch,
    /// After it did.
    PostModelSwitch,
    /// A person is about to be asked for permission.
    PermissionRequest,
    /// The client's own rules refused a tool.
    PermissionDenied,
    /// The client sets itself up in a folder.
    Setup,
    /// A teammate is about to wait for work.
    TeammateIdle,
    /// A task is about to be listed.
    TaskCreated,
    /// A task is about to be ticked off.
    TaskCompleted,
    /// An MCP server asks the user for something.
    Elicitation,
    /// The user has answered it.
    ElicitationResult,
    /// Settings changed while the client runs.
    ConfigChange,
    /// A worktree is to be made: a hook here makes it in the client's place.
    WorktreeCreate,
    /// A worktree is to be removed.
    WorktreeRemove,
    /// A file of instructions was read.
    InstructionsLoaded,
    /// The working directory changed.
    CwdChanged,
    /// A watched file changed.
    FileChanged,
    /// A directory was added to the session.
    DirectoryAdded,
    /// Text of an answer is about to be shown.
    MessageDisplay,
}

impl Name {
    /// Every name, in the client's order.
    pub const ALL: [Self; 33] = [
        Self::PreToolUse,
        Self::PostToolUse,
        Self::PostToolUseFailure,
        Self::PostToolBatch,
        Self::Notification,
        Self::UserPromptSubmit,
        Self::UserPromptExpansion,
        Self::SessionStart,
        Self::SessionEnd,
        Self::Stop,
        Self::StopFailure,
        Self::SubagentStart,
        Self::SubagentStop,
        Self::PreCompact,
        Self::PostCompact,
        Self::PreModelSwitch,
        Self::PostModelSwitch,
        Self::PermissionRequest,
        Self::PermissionDenied,
        Self::Setup,
        Self::TeammateIdle,
        Self::TaskCreated,
        Self::TaskCompleted,
        Self::Elicitation,
        Self::ElicitationResult,
        Self::ConfigChange,
        Self::WorktreeCreate,
        Self::WorktreeRemove,
        Self::InstructionsLoaded,
        Self::CwdChanged,
        Self::FileChanged,
        Self::DirectoryAdded,
        Self::MessageDisplay,
    ];

    /// As the client writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PreToolUse => "PreToolUse",
            Self::PostToolUse => "PostToolUse",
            Self::PostToolUseFailure => "PostToolUseFailure",
            Self::PostToolBatch => "PostToolBatch",
            Self::Notification => "Notification",
            Self::UserPromptSubmit => "UserPromptSubmit",
            Self::UserPromptExpansion => "UserPromptExpansion",
            Self::SessionStart => "SessionStart",
            Self::SessionEnd => "SessionEnd",
            Self::Stop => "Stop",
            Self::StopFailure => "StopFailure",
            Self::SubagentStart => "SubagentStart",
            Self::SubagentStop => "SubagentStop",
            Self::PreCompact => "PreCompact",
            Self::PostCompact => "PostCompact",
            Self::PreModelSwitch => "PreModelSwitch",
            Self::PostModelSwitch => "PostModelSwitch",
            Self::PermissionRequest => "PermissionRequest",
            Self::PermissionDenied => "PermissionDenied",
            Self::Setup => "Setup",
            Self::TeammateIdle => "TeammateIdle",
            Self::TaskCreated => "TaskCreated",
            Self::TaskCompleted => "TaskCompleted",
            Self::Elicitation => "Elicitation",
            Self::ElicitationResult => "ElicitationResult",
            Self::ConfigChange => "ConfigChange",
            Self::WorktreeCreate => "WorktreeCreate",
            Self::WorktreeRemove => "WorktreeRemove",
            Self::InstructionsLoaded => "InstructionsLoaded",
            Self::CwdChanged => "CwdChanged",
            Self::FileChanged => "FileChanged",
            Self::DirectoryAdded => "DirectoryAdded",
            Self::MessageDisplay => "MessageDisplay",
        }
    }

    /// The event of exactly this name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }

    /// As commands and file names write it, such as `pre-tool-use`.
    pub fn kebab(self) -> String {
        let mut kebab = String::new();
        for letter in self.as_str().chars() {
            if letter.is_ascii_uppercase() && !kebab.is_empty() {
                kebab.push('-');
            }
            kebab.push(letter.to_ascii_lowercase());
        }
        kebab
    }

    /// The event that a person typed: `PreToolUse`, `pre-tool-use` and `pretooluse` are one.
    pub fn typed(word: &str) -> Option<Self> {
        let letters = |word: &str| -> String {
            let letters = word.chars().filter(|letter| !matches!(letter, '-' | '_'));
            letters.map(|letter| letter.to_ascii_lowercase()).collect()
        };
        let word = letters(word);
        Self::ALL
            .into_iter()
            .find(|known| letters(known.as_str()) == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_however_it_is_typed() {
        for name in Name::ALL {
            assert_eq!(Name::of(name.as_str()), Some(name));
            assert_eq!(Name::typed(&name.kebab()), Some(name));
            assert_eq!(Name::typed(&name.as_str().to_uppercase()), Some(name));
        }
        assert_eq!(Name::PreToolUse.kebab(), "pre-tool-use");
        assert_eq!(Name::typed("pre-tool"), None);
        assert_eq!(Name::of("pretooluse"), None);
    }
}
