//! What is to be decided: who calls what, where, and what is known.

use crate::decision::Budget;
use crate::facts::SessionFacts;
use crate::path::Place;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How many entries a list of an agent may have, as many as the registry takes.
pub const AGENT_LIST_MAX: usize = 200;
/// How long one entry may be, in bytes: the registry takes 300 characters.
pub const AGENT_ENTRY_LENGTH_MAX: usize = 1_200;

/// A tool call and everything that its decision depends on. Recorded ones can be decided again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Who calls; absent is a call without an agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Agent>,
    /// The name that the caller says and that no registry knows, or its session's; the tables say what becomes of such calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unregistered: Option<String>,
    /// The call.
    pub call: ToolCall,
    /// Where it happens.
    pub place: Place,
    /// The environment as the caller names it; `dev` switches the gates for protected files and branches off.
    #[serde(default)]
    pub environment: String,
    /// The client's permission mode, for instance `bypassPermissions`.
    #[serde(default)]
    pub permission_mode: String,
    /// The call comes from a sub-agent.
    #[serde(default)]
    pub sub_agent: bool,
    /// What is known of the session.
    #[serde(default)]
    pub facts: SessionFacts,
    /// What the ledger says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// What the session has cost until now, with what is reserved for its calls, in millionths of a US dollar.
    #[serde(default)]
    pub session_micro_usd: u64,
}

impl Request {
    /// A call without an agent, facts or budget.
    pub fn new(call: ToolCall, place: Place) -> Self {
        Self {
            agent: None,
            unregistered: None,
            call,
            place,
            environment: String::new(),
            permission_mode: String::new(),
            sub_agent: false,
            facts: SessionFacts::default(),
            budget: None,
            session_micro_usd: 0,
        }
    }
}

/// Who calls. The lists narrow what the role grants; none of them widens it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// Its id.
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Its role, which must be one of the tables'.
    pub role: String,
    /// Its teams.
    #[serde(default)]
    pub teams: Vec<String>,
    /// Its tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// The registry knows it.
    #[serde(default = "yes")]
    pub registered: bool,
    /// Only these tools; every one of its role's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_tools: Option<Vec<String>>,
    /// Never these tools.
    #[serde(default)]
    pub denied_tools: Vec<String>,
    /// Only files in these scopes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_scopes: Option<Vec<String>>,
    /// Only these MCP servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_access: Option<Vec<String>>,
    /// Everything that it changes waits for approval.
    #[serde(default)]
    pub requires_approval: bool,
    /// A call that is expected to cost this much or more waits for approval, in millionths of a US dollar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_threshold_micro_usd: Option<u64>,
}

fn yes() -> bool {
    true
}

impl Agent {
    /// An agent of a role, with nothing narrowed.
    pub fn new(id: impl Into<String>, role: impl Into<String>) -> Self {
        let id = id.into();
        Self {
            name: id.clone(),
            id,
            role: role.into(),
            registered: true,
            ..Self::default()
        }
    }
}

/// A tool call as its hook reports it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCall {
    /// The tool's name.
    pub tool_name: String,
    /// Its input as sent.
    #[serde(default)]
    pub tool_input: Value,
    /// The MCP server's name, where the client says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcp_server: Option<String>,
}

impl ToolCall {
    /// A call with its input.
    pub fn new(tool_name: impl Into<String>, tool_input: Value) -> Self {
        Self {
            tool_name: tool_name.into(),
            tool_input,
            mcp_server: None,
        }
    }
}
