//! A tool call, as the events around it tell it.

use crate::fields::Fields;

/// Which tool is called. Its input and what it answered are JSON of any size and stay in the event:
/// [`crate::Event::tool_input`], [`crate::Event::tool_response`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall {
    /// The tool, such as `Bash` or `mcp__github__create_issue`; empty when the event did not say a usable name, which no
    /// policy can allow.
    pub tool_name: String,
    /// The call's id: the same before and after it, in hooks and in telemetry. `PermissionRequest` has none.
    pub tool_use_id: Option<String>,
    /// Where an MCP tool comes from.
    pub mcp_server: Option<McpServer>,
    /// How long the tool ran, without prompts and hooks; after the call only.
    pub duration_ms: Option<u64>,
}

/// The MCP server of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpServer {
    /// As it is configured.
    pub name: String,
    /// Who configured it: `user`, `project`, `plugin`, `managed` and others; an open set.
    pub source: Option<String>,
}

impl ToolCall {
    pub(crate) fn read(fields: Fields<'_>) -> Self {
        let server = fields.object("mcp_server");
        Self {
            tool_name: fields.word("tool_name").unwrap_or_default(),
            tool_use_id: fields.word("tool_use_id"),
            mcp_server: server.and_then(|server| {
                Some(McpServer {
                    name: server.word("name")?,
                    source: server.word("source"),
                })
            }),
            duration_ms: fields.count("duration_ms"),
        }
    }
}
