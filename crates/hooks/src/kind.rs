//! What each event says beside what all say.

use crate::call::ToolCall;
use crate::fields::Fields;
use crate::name::Name;

/// An event and its own fields. A text that the client always sends is empty when it was not usable; what the client may
/// leave out is an `Option`. Words of the client, such as a source, are kept as they came: their sets are open.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum EventKind {
    /// Before a tool runs.
    PreToolUse(ToolCall),
    /// After a tool ran.
    PostToolUse(ToolCall),
    /// After a tool failed.
    PostToolUseFailure {
        /// The call.
        call: ToolCall,
        /// What went wrong.
        error: String,
        /// Whether the user interrupted it.
        is_interrupt: bool,
    },
    /// After all tools of one response: the first [`crate::BATCH_CALLS_MAX`] of them.
    PostToolBatch(Vec<ToolCall>),
    /// The client tells its user something.
    Notification {
        /// What.
        message: String,
        /// Under which title.
        title: Option<String>,
        /// Which kind, such as `permission_prompt` or `idle_prompt`.
        notification_type: String,
    },
    /// A prompt.
    UserPromptSubmit {
        /// Its text.
        prompt: String,
        /// Who wrote it: `user`, `sdk`, `system`, `loop_wakeup`, `schedule_wakeup`, `poll_event`.
        source: Option<String>,
        /// The session's title.
        session_title: Option<String>,
    },
    /// A command in a prompt.
    UserPromptExpansion {
        /// `slash_command` or `mcp_prompt`.
        expansion_type: String,
        /// The command.
        command_name: String,
        /// What followed it.
        command_args: String,
        /// Where the command is from.
        command_source: Option<String>,
        /// What it becomes.
        prompt: String,
    },
    /// A session begins.
    SessionStart {
        /// `startup`, `resume`, `clear`, `compact`, `fork`.
        source: String,
        /// The model.
        model: Option<String>,
        /// The session's title.
        session_title: Option<String>,
        /// What a session that goes on brings with it.
        resumed: Resumed,
    },
    /// A session ends.
    SessionEnd {
        /// `clear`, `resume`, `logout`, `prompt_input_exit`, `other`.
        reason: String,
    },
    /// The model has finished.
    Stop(Stopped),
    /// The model's answer failed.
    StopFailure {
        /// Such as `rate_limit` or `billing_error`.
        error: String,
        /// More about it.
        error_details: Option<String>,
        /// The last thing the model said.
        last_assistant_message: Option<String>,
    },
    /// A sub-agent begins; [`crate::Common`] says which.
    SubagentStart,
    /// A sub-agent has finished.
    SubagentStop {
        /// How.
        stopped: Stopped,
        /// Its own transcript.
        agent_transcript_path: Option<String>,
    },
    /// Before compaction.
    PreCompact {
        /// `manual` or `auto`.
        trigger: String,
        /// What the user asked to keep.
        custom_instructions: Option<String>,
    },
    /// After compaction.
    PostCompact {
        /// `manual` or `auto`.
        trigger: String,
        /// The summary that stands for the conversation.
        compact_summary: String,
    },
    /// Before another model.
    PreModelSwitch(ModelSwitch),
    /// After it.
    PostModelSwitch(ModelSwitch),
    /// A person is about to be asked. It has no `tool_use_id`.
    PermissionRequest(ToolCall),
    /// The client's own rules refused a tool.
    PermissionDenied {
        /// The call.
        call: ToolCall,
        /// Why.
        reason: String,
    },
    /// The client sets itself up.
    Setup {
        /// `init` or `maintenance`.
        trigger: String,
    },
    /// A teammate is about to wait.
    TeammateIdle {
        /// Who.
        teammate_name: String,
        /// Of which team.
        team_name: Option<String>,
    },
    /// A task is about to be listed.
    TaskCreated(Task),
    /// A task is about to be ticked off.
    TaskCompleted(Task),
    /// An MCP server asks the user.
    Elicitation {
        /// Which.
        mcp_server_name: String,
        /// What it asks.
        message: String,
        /// `form` or `url`.
        mode: Option<String>,
        /// The page that is to be opened.
        url: Option<String>,
        /// Its id.
        elicitation_id: Option<String>,
    },
    /// The user has answered it.
    ElicitationResult {
        /// Which server asked.
        mcp_server_name: String,
        /// `accept`, `decline`, `cancel`.
        action: String,
        /// `form` or `url`.
        mode: Option<String>,
        /// Its id.
        elicitation_id: Option<String>,
    },
    /// Settings changed.
    ConfigChange {
        /// `user_settings`, `project_settings`, `local_settings`, `policy_settings`, `skills`.
        source: String,
        /// Which file.
        file_path: Option<String>,
    },
    /// A worktree is to be made.
    WorktreeCreate {
        /// Its name.
        name: String,
    },
    /// A worktree is to be removed.
    WorktreeRemove {
        /// Where it lies.
        worktree_path: Option<String>,
    },
    /// Instructions were read.
    InstructionsLoaded {
        /// From which file.
        file_path: Option<String>,
        /// `User`, `Project`, `Local`, `Managed`.
        memory_type: String,
        /// `session_start`, `nested_traversal`, `path_glob_match`, `include`, `compact`.
        load_reason: String,
        /// The patterns that matched.
        globs: Vec<String>,
        /// The file that made it be read.
        trigger_file_path: Option<String>,
        /// The file that includes it.
        parent_file_path: Option<String>,
    },
    /// The working directory changed.
    CwdChanged {
        /// From.
        old_cwd: Option<String>,
        /// To.
        new_cwd: Option<String>,
    },
    /// A watched file changed.
    FileChanged {
        /// Which.
        file_path: Option<String>,
        /// `change`, `add`, `unlink`.
        event: String,
    },
    /// A directory was added.
    DirectoryAdded {
        /// Which.
        directory: Option<String>,
        /// `slash_command` or `register_repo_root`.
        source: String,
    },
    /// Text is about to be shown.
    MessageDisplay {
        /// The turn.
        turn_id: Option<String>,
        /// The message.
        message_id: Option<String>,
        /// Which piece of the message.
        index: u64,
        /// Whether it is the last.
        is_final: bool,
        /// The piece.
        delta: String,
    },
    /// An event that this version does not know; everything it says is in [`crate::Event::raw`].
    Unknown,
}

/// How a model or a sub-agent came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// Whether it goes on only because a hook did not let it stop; who blocks again now may never end.
    pub stop_hook_active: bool,
    /// The last thing it said.
    pub last_assistant_message: Option<String>,
}

/// What a resumed or forked session brings with it; all absent for a new one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Resumed {
    /// Since the last answer, in seconds.
    pub seconds_since_last_response: Option<f64>,
    /// Tokens of the conversation.
    pub context_tokens: Option<u64>,
    /// Whether the first request pays for the whole conversation again.
    pub prompt_cache_likely_expired: Option<bool>,
    /// What that costs, in US dollars.
    pub estimated_cache_write_usd: Option<f64>,
}

/// From one model to another.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelSwitch {
    /// The model before.
    pub from_model: String,
    /// The model after.
    pub to_model: String,
    /// What was asked for, such as `opus`; absent for the default.
    pub requested_model: Option<String>,
    /// `command`, `picker`, `sdk`, and after the switch also `auto`, `resume`.
    pub source: String,
    /// Tokens that the next request sends again.
    pub context_tokens: Option<u64>,
    /// Whether the switch gives up a warm cache.
    pub prompt_cache_warm: Option<bool>,
    /// `5m` or `1h`.
    pub cache_ttl: Option<String>,
    /// What caching them anew costs, in US dollars.
    pub estimated_cache_write_usd: Option<f64>,
    /// `configured`, `catalog`, `default`.
    pub pricing: Option<String>,
}

/// A task of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its id.
    pub task_id: String,
    /// What it is about.
    pub task_subject: String,
    /// More about it.
    pub task_description: Option<String>,
    /// Whose it is.
    pub teammate_name: Option<String>,
}

impl EventKind {
    pub(crate) fn read(name: Name, fields: Fields<'_>) -> Self {
        tools(name, fields)
            .or_else(|| turns(name, fields))
            .or_else(|| session(name, fields))
            .or_else(|| work(name, fields))
            .or_else(|| place(name, fields))
            .unwrap_or(Self::Unknown)
    }
}

/// Events around tools.
fn tools(name: Name, fields: Fields<'_>) -> Option<EventKind> {
    let call = || ToolCall::read(fields);
    Some(match name {
        Name::PreToolUse => EventKind::PreToolUse(call()),
        Name::PostToolUse => EventKind::PostToolUse(call()),
        Name::PostToolUseFailure => EventKind::PostToolUseFailure {
            call: call(),
            error: fields.text("error").unwrap_or_default(),
            is_interrupt: fields.flag("is_interrupt").unwrap_or_default(),
        },
        Name::PostToolBatch => {
            let calls = fields.list("tool_calls").filter_map(Fields::of);
            EventKind::PostToolBatch(calls.map(ToolCall::read).collect())
        }
        Name::PermissionRequest => EventKind::PermissionRequest(call()),
        Name::PermissionDenied => EventKind::PermissionDenied {
            call: call(),
            reason: fields.text("reason").unwrap_or_default(),
        },
        _ => return None,
    })
}

/// Events of a turn: prompts and ends.
fn turns(name: Name, fields: Fields<'_>) -> Option<EventKind> {
    Some(match name {
        Name::UserPromptSubmit => EventKind::UserPromptSubmit {
            prompt: fields.text("prompt").unwrap_or_default(),
            source: fields.word("source"),
            session_title: fields.text("session_title"),
        },
        Name::UserPromptExpansion => EventKind::UserPromptExpansion {
            expansion_type: fields.word("expansion_type").unwrap_or_default(),
            command_name: fields.word("command_name").unwrap_or_default(),
            command_args: fields.text("command_args").unwrap_or_default(),
            command_source: fields.word("command_source"),
            prompt: fields.text("prompt").unwrap_or_default(),
        },
        Name::Stop => EventKind::Stop(stopped(fields)),
        Name::StopFailure => EventKind::StopFailure {
            error: fields.word("error").unwrap_or_default(),
            error_details: fields.text("error_details"),
            last_assistant_message: fields.text("last_assistant_message"),
        },
        Name::SubagentStart => EventKind::SubagentStart,
        Name::SubagentStop => EventKind::SubagentStop {
            stopped: stopped(fields),
            agent_transcript_path: fields.path("agent_transcript_path"),
        },
        Name::Elicitation => EventKind::Elicitation {
            mcp_server_name: fields.word("mcp_server_name").unwrap_or_default(),
            message: fields.text("message").unwrap_or_default(),
            mode: fields.word("mode"),
            url: fields.text("url"),
            elicitation_id: fields.word("elicitation_id"),
        },
        Name::ElicitationResult => EventKind::ElicitationResult {
            mcp_server_name: fields.word("mcp_server_name").unwrap_or_default(),
            action: fields.word("action").unwrap_or_default(),
            mode: fields.word("mode"),
            elicitation_id: fields.word("elicitation_id"),
        },
        _ => return None,
    })
}

/// Events of a session's life.
fn session(name: Name, fields: Fields<'_>) -> Option<EventKind> {
    Some(match name {
        Name::SessionStart => EventKind::SessionStart {
            source: fields.word("source").unwrap_or_default(),
            model: fields.word("model"),
            session_title: fields.text("session_title"),
            resumed: Resumed {
                seconds_since_last_response: fields.number("seconds_since_last_response"),
                context_tokens: fields.count("context_tokens"),
                prompt_cache_likely_expired: fields.flag("prompt_cache_likely_expired"),
                estimated_cache_write_usd: fields.number("estimated_cache_write_usd"),
            },
        },
        Name::SessionEnd => EventKind::SessionEnd {
            reason: fields.word("reason").unwrap_or_default(),
        },
        Name::Setup => EventKind::Setup {
            trigger: fields.word("trigger").unwrap_or_default(),
        },
        Name::PreCompact => EventKind::PreCompact {
            trigger: fields.word("trigger").unwrap_or_default(),
            custom_instructions: fields.text("custom_instructions"),
        },
        Name::PostCompact => EventKind::PostCompact {
            trigger: fields.word("trigger").unwrap_or_default(),
            compact_summary: fields.text("compact_summary").unwrap_or_default(),
        },
        Name::PreModelSwitch => EventKind::PreModelSwitch(model_switch(fields)),
        Name::PostModelSwitch => EventKind::PostModelSwitch(model_switch(fields)),
        Name::ConfigChange => EventKind::ConfigChange {
            source: fields.word("source").unwrap_or_default(),
            file_path: fields.path("file_path"),
        },
        _ => return None,
    })
}

/// Events of people and agents at work together.
fn work(name: Name, fields: Fields<'_>) -> Option<EventKind> {
    Some(match name {
        Name::Notification => EventKind::Notification {
            message: fields.text("message").unwrap_or_default(),
            title: fields.text("title"),
            notification_type: fields.word("notification_type").unwrap_or_default(),
        },
        Name::TeammateIdle => EventKind::TeammateIdle {
            teammate_name: fields.word("teammate_name").unwrap_or_default(),
            team_name: fields.word("team_name"),
        },
        Name::TaskCreated => EventKind::TaskCreated(task(fields)),
        Name::TaskCompleted => EventKind::TaskCompleted(task(fields)),
        Name::MessageDisplay => EventKind::MessageDisplay {
            turn_id: fields.word("turn_id"),
            message_id: fields.word("message_id"),
            index: fields.count("index").unwrap_or_default(),
            is_final: fields.flag("final").unwrap_or_default(),
            delta: fields.text("delta").unwrap_or_default(),
        },
        _ => return None,
    })
}

/// Events of files and folders.
fn place(name: Name, fields: Fields<'_>) -> Option<EventKind> {
    Some(match name {
        Name::WorktreeCreate => EventKind::WorktreeCreate {
            name: fields.word("name").unwrap_or_default(),
        },
        Name::WorktreeRemove => EventKind::WorktreeRemove {
            worktree_path: fields.path("worktree_path"),
        },
        Name::InstructionsLoaded => EventKind::InstructionsLoaded {
            file_path: fields.path("file_path"),
            memory_type: fields.word("memory_type").unwrap_or_default(),
            load_reason: fields.word("load_reason").unwrap_or_default(),
            globs: fields.paths("globs"),
            trigger_file_path: fields.path("trigger_file_path"),
            parent_file_path: fields.path("parent_file_path"),
        },
        Name::CwdChanged => EventKind::CwdChanged {
            old_cwd: fields.path("old_cwd"),
            new_cwd: fields.path("new_cwd"),
        },
        Name::FileChanged => EventKind::FileChanged {
            file_path: fields.path("file_path"),
            event: fields.word("event").unwrap_or_default(),
        },
        Name::DirectoryAdded => EventKind::DirectoryAdded {
            directory: fields.path("directory"),
            source: fields.word("source").unwrap_or_default(),
        },
        _ => return None,
    })
}

fn stopped(fields: Fields<'_>) -> Stopped {
    Stopped {
        stop_hook_active: fields.flag("stop_hook_active").unwrap_or_default(),
        last_assistant_message: fields.text("last_assistant_message"),
    }
}

fn model_switch(fields: Fields<'_>) -> ModelSwitch {
    ModelSwitch {
        from_model: fields.word("from_model").unwrap_or_default(),
        to_model: fields.word("to_model").unwrap_or_default(),
        requested_model: fields.word("requested_model"),
        source: fields.word("source").unwrap_or_default(),
        context_tokens: fields.count("context_tokens"),
        prompt_cache_warm: fields.flag("prompt_cache_warm"),
        cache_ttl: fields.word("cache_ttl"),
        estimated_cache_write_usd: fields.number("estimated_cache_write_usd"),
        pricing: fields.word("pricing"),
    }
}

fn task(fields: Fields<'_>) -> Task {
    Task {
        task_id: fields.word("task_id").unwrap_or_default(),
        task_subject: fields.text("task_subject").unwrap_or_default(),
        task_description: fields.text("task_description"),
        teammate_name: fields.word("teammate_name"),
    }
}
