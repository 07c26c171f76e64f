//! Recorded events, for everyone who tests against this protocol.

/// One recorded event.
#[derive(Debug, Clone, Copy)]
pub struct Recorded {
    /// The event's name in small letters, and after a dot what is special about it.
    pub name: &'static str,
    /// What the client sends, as JSON.
    pub json: &'static str,
}

/// Every event of this version at least once, in the order of their names: realistic input with made-up contents.
pub const CORPUS: &[Recorded] = &[
    Recorded {
        name: "config-change",
        json: include_str!("../corpus/config-change.json"),
    },
    Recorded {
        name: "config-change.policy",
        json: include_str!("../corpus/config-change.policy.json"),
    },
    Recorded {
        name: "cwd-changed",
        json: include_str!("../corpus/cwd-changed.json"),
    },
    Recorded {
        name: "directory-added",
        json: include_str!("../corpus/directory-added.json"),
    },
    Recorded {
        name: "elicitation",
        json: include_str!("../corpus/elicitation.json"),
    },
    Recorded {
        name: "elicitation-result",
        json: include_str!("../corpus/elicitation-result.json"),
    },
    Recorded {
        name: "elicitation.url",
        json: include_str!("../corpus/elicitation.url.json"),
    },
    Recorded {
        name: "file-changed",
        json: include_str!("../corpus/file-changed.json"),
    },
    Recorded {
        name: "instructions-loaded",
        json: include_str!("../corpus/instructions-loaded.json"),
    },
    Recorded {
        name: "instructions-loaded.include",
        json: include_str!("../corpus/instructions-loaded.include.json"),
    },
    Recorded {
        name: "message-display",
        json: include_str!("../corpus/message-display.json"),
    },
    Recorded {
        name: "notification",
        json: include_str!("../corpus/notification.json"),
    },
    Recorded {
        name: "notification.idle",
        json: include_str!("../corpus/notification.idle.json"),
    },
    Recorded {
        name: "permission-denied",
        json: include_str!("../corpus/permission-denied.json"),
    },
    Recorded {
        name: "permission-request",
        json: include_str!("../corpus/permission-request.json"),
    },
    Recorded {
        name: "permission-request.subagent",
        json: include_str!("../corpus/permission-request.subagent.json"),
    },
    Recorded {
        name: "post-compact",
        json: include_str!("../corpus/post-compact.json"),
    },
    Recorded {
        name: "post-model-switch",
        json: include_str!("../corpus/post-model-switch.json"),
    },
    Recorded {
        name: "post-tool-batch",
        json: include_str!("../corpus/post-tool-batch.json"),
    },
    Recorded {
        name: "post-tool-use",
        json: include_str!("../corpus/post-tool-use.json"),
    },
    Recorded {
        name: "post-tool-use-failure",
        json: include_str!("../corpus/post-tool-use-failure.json"),
    },
    Recorded {
        name: "post-tool-use-failure.interrupted",
        json: include_str!("../corpus/post-tool-use-failure.interrupted.json"),
    },
    Recorded {
        name: "post-tool-use.agent",
        json: include_str!("../corpus/post-tool-use.agent.json"),
    },
    Recorded {
        name: "post-tool-use.mcp",
        json: include_str!("../corpus/post-tool-use.mcp.json"),
    },
    Recorded {
        name: "post-tool-use.subagent",
        json: include_str!("../corpus/post-tool-use.subagent.json"),
    },
    Recorded {
        name: "pre-compact",
        json: include_str!("../corpus/pre-compact.json"),
    },
    Recorded {
        name: "pre-compact.manual",
        json: include_str!("../corpus/pre-compact.manual.json"),
    },
    Recorded {
        name: "pre-model-switch",
        json: include_str!("../corpus/pre-model-switch.json"),
    },
    Recorded {
        name: "pre-model-switch.default",
        json: include_str!("../corpus/pre-model-switch.default.json"),
    },
    Recorded {
        name: "pre-tool-use",
        json: include_str!("../corpus/pre-tool-use.json"),
    },
    Recorded {
        name: "pre-tool-use.agent",
        json: include_str!("../corpus/pre-tool-use.agent.json"),
    },
    Recorded {
        name: "pre-tool-use.bypass",
        json: include_str!("../corpus/pre-tool-use.bypass.json"),
    },
    Recorded {
        name: "pre-tool-use.edit",
        json: include_str!("../corpus/pre-tool-use.edit.json"),
    },
    Recorded {
        name: "pre-tool-use.mcp",
        json: include_str!("../corpus/pre-tool-use.mcp.json"),
    },
    Recorded {
        name: "pre-tool-use.old-client",
        json: include_str!("../corpus/pre-tool-use.old-client.json"),
    },
    Recorded {
        name: "pre-tool-use.powershell",
        json: include_str!("../corpus/pre-tool-use.powershell.json"),
    },
    Recorded {
        name: "pre-tool-use.read",
        json: include_str!("../corpus/pre-tool-use.read.json"),
    },
    Recorded {
        name: "pre-tool-use.subagent",
        json: include_str!("../corpus/pre-tool-use.subagent.json"),
    },
    Recorded {
        name: "pre-tool-use.unknown-fields",
        json: include_str!("../corpus/pre-tool-use.unknown-fields.json"),
    },
    Recorded {
        name: "pre-tool-use.web-fetch",
        json: include_str!("../corpus/pre-tool-use.web-fetch.json"),
    },
    Recorded {
        name: "pre-tool-use.windows",
        json: include_str!("../corpus/pre-tool-use.windows.json"),
    },
    Recorded {
        name: "pre-tool-use.write",
        json: include_str!("../corpus/pre-tool-use.write.json"),
    },
    Recorded {
        name: "session-end",
        json: include_str!("../corpus/session-end.json"),
    },
    Recorded {
        name: "session-start",
        json: include_str!("../corpus/session-start.json"),
    },
    Recorded {
        name: "session-start.agent",
        json: include_str!("../corpus/session-start.agent.json"),
    },
    Recorded {
        name: "session-start.fork",
        json: include_str!("../corpus/session-start.fork.json"),
    },
    Recorded {
        name: "session-start.resume",
        json: include_str!("../corpus/session-start.resume.json"),
    },
    Recorded {
        name: "setup",
        json: include_str!("../corpus/setup.json"),
    },
    Recorded {
        name: "stop",
        json: include_str!("../corpus/stop.json"),
    },
    Recorded {
        name: "stop-failure",
        json: include_str!("../corpus/stop-failure.json"),
    },
    Recorded {
        name: "stop.active",
        json: include_str!("../corpus/stop.active.json"),
    },
    Recorded {
        name: "subagent-start",
        json: include_str!("../corpus/subagent-start.json"),
    },
    Recorded {
        name: "subagent-stop",
        json: include_str!("../corpus/subagent-stop.json"),
    },
    Recorded {
        name: "subagent-stop.active",
        json: include_str!("../corpus/subagent-stop.active.json"),
    },
    Recorded {
        name: "task-completed",
        json: include_str!("../corpus/task-completed.json"),
    },
    Recorded {
        name: "task-created",
        json: include_str!("../corpus/task-created.json"),
    },
    Recorded {
        name: "teammate-idle",
        json: include_str!("../corpus/teammate-idle.json"),
    },
    Recorded {
        name: "unknown-event",
        json: include_str!("../corpus/unknown-event.json"),
    },
    Recorded {
        name: "user-prompt-expansion",
        json: include_str!("../corpus/user-prompt-expansion.json"),
    },
    Recorded {
        name: "user-prompt-submit",
        json: include_str!("../corpus/user-prompt-submit.json"),
    },
    Recorded {
        name: "user-prompt-submit.schedule",
        json: include_str!("../corpus/user-prompt-submit.schedule.json"),
    },
    Recorded {
        name: "worktree-create",
        json: include_str!("../corpus/worktree-create.json"),
    },
    Recorded {
        name: "worktree-remove",
        json: include_str!("../corpus/worktree-remove.json"),
    },
];
