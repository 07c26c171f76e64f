//! The tables that people edit: roles, tools, path scopes, escalations, secrets, costs.
//!
//! [`DEFAULTS`] is the set that every tenant starts with, as TOML. Tables are read with [`Tables::from_toml`] or
//! [`Tables::from_json`], which refuse unknown fields and check every value; [`crate::PolicySet::compile`] makes
//! Cedar policies of them.

use crate::decision::Outcome;
use crate::error::Error;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

mod after;
mod validate;

pub use after::After;

#[cfg(test)]
mod tests;

/// The tables that a tenant starts with, as TOML.
pub const DEFAULTS: &str = include_str!("tables/defaults.toml");

/// Approvers that are more than one person: everyone who may decide approvals, or those of a role of people. Agents' roles are
/// none: people approve.
pub const APPROVERS: [&str; 3] = ["human", "operator", "admin"];

/// How many different people an approval may need.
pub const QUORUM_MAX: u32 = 10;

/// The role of a call without an agent.
pub const SYSTEM_ROLE: &str = "system";

/// Everything that is edited as a table rather than as Cedar text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tables {
    /// What a call without an agent is.
    #[serde(default)]
    pub no_agent: NoAgent,
    /// What a call is that names an agent which nobody registered.
    #[serde(default)]
    pub unregistered: Unregistered,
    /// Whether decisions bind.
    #[serde(default)]
    pub mode: Mode,
    /// Turns the example policy against exfiltration on.
    #[serde(default)]
    pub guard_exfiltration: bool,
    /// Branches to which a push asks.
    #[serde(default)]
    pub protected_branches: Vec<String>,
    /// Scopes of files whose change asks, except in the environment `dev`.
    #[serde(default)]
    pub protected_files: Vec<String>,
    /// Domains, with their sub-domains, whose content is trusted.
    #[serde(default)]
    pub trusted_domains: Vec<String>,
    /// Scopes of files that only roles with `secrets` may use.
    #[serde(default)]
    pub secret_files: Vec<String>,
    /// Scopes of files that are none, though a scope of `secret_files` names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secret_exceptions: Vec<String>,
    /// Tools without an effect of their own, such as asking the user, which every role has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub harmless_tools: Vec<String>,
    /// The roles by name.
    pub roles: BTreeMap<String, Role>,
    /// Tools that roles have besides their own list.
    #[serde(default)]
    pub fallback: BTreeMap<String, Vec<String>>,
    /// Other names of tools.
    #[serde(default)]
    pub tool_aliases: BTreeMap<String, String>,
    /// Other names of MCP servers.
    #[serde(default)]
    pub api_aliases: BTreeMap<String, String>,
    /// Operations that only some roles perform.
    #[serde(default)]
    pub escalations: BTreeMap<String, Escalation>,
    /// How operations are recognised.
    #[serde(default)]
    pub operations: Vec<OperationRule>,
    /// The options of programs whose sub-commands are operations, by the program's name in lower case.
    #[serde(default)]
    pub programs: BTreeMap<String, ProgramOptions>,
    /// Thresholds in money.
    pub costs: Costs,
    /// What a call is expected to cost.
    pub estimates: Estimates,
}

/// What agents of a role may do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Rank from 0 to 10.
    pub level: u8,
    /// Tools by name; `*` is every tool.
    pub tools: Vec<String>,
    /// Scopes of files to read and write.
    pub paths: Vec<String>,
    /// MCP servers; `*` is every one.
    #[serde(default)]
    pub apis: Vec<String>,
    /// May start sub-agents.
    #[serde(default)]
    pub spawn: bool,
    /// May change agents in the registry.
    #[serde(default)]
    pub modify_agents: bool,
    /// May use secret files; each use is audited.
    #[serde(default)]
    pub secrets: bool,
    /// Tools and operations that are held for approval.
    #[serde(default)]
    pub approval: Vec<String>,
    /// Tokens that one session may use.
    pub tokens_per_session: u64,
    /// US dollars that one agent may spend in a day (UTC).
    pub usd_per_day: f64,
}

/// Who performs an operation, and who approves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// Roles that may perform it, besides those that have it on their approval list. Without any, no agent performs it, and
    /// nor does a system operation.
    pub roles: Vec<String>,
    /// Who may approve it: people, as [`APPROVERS`] or by their id or e-mail address. Empty means that it needs no approval.
    #[serde(default)]
    pub approvers: Vec<String>,
    /// How many different people must agree, where it needs approval: 1 to [`QUORUM_MAX`]; 1 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quorum: Option<u32>,
    /// After how long everyone who decides approvals may decide it, such as `30m`; as the server is set up when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate_after: Option<After>,
    /// Each use is to be audited in any case.
    #[serde(default)]
    pub audit: bool,
    /// What people read when it is refused to everyone, as a lowercase fragment.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// A command or a change of a file that counts as an operation. All that is given must match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationRule {
    /// The operation's name.
    pub operation: String,
    /// Patterns of program names.
    #[serde(default)]
    pub programs: Vec<String>,
    /// Patterns of the words that say what the program does, in their order: the first for its sub-command, the second for
    /// that one's. Options stand between them. A word that the text does not tell matches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subcommands: Vec<String>,
    /// Patterns, each of which must match at least one argument, the program as it is written, or a `NAME=value` that holds
    /// for it.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Patterns of arguments with which it is not the operation, such as `--dry-run`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unless: Vec<String>,
    /// Patterns of the paths of addresses, requesting one of which in any way is the operation. They are read as a server reads
    /// them: in lower case, decoded, without `..`; `*` is also for several parts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// As `addresses`, except that plain reading (GET, HEAD) is not the operation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
    /// Scopes of files, writing which is the operation.
    #[serde(default)]
    pub files: Vec<String>,
    /// Scopes of files, using which in any way is the operation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<String>,
}

/// The options of a program, so that its sub-commands are found among them. Of an option that is in neither list, the next word may
/// be the value or not, and an operation is recognised either way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramOptions {
    /// Those with a value in the next word, such as `--server`.
    #[serde(default)]
    pub valued: Vec<String>,
    /// Those without a value, such as `--json`.
    #[serde(default)]
    pub flags: Vec<String>,
}

/// Thresholds of spending, in US dollars.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    /// From here on people are told.
    pub notify_usd: f64,
    /// From here on work waits for approval.
    pub approve_usd: f64,
    /// From here on the session ends.
    pub terminate_usd: f64,
    /// The price that estimates use.
    pub usd_per_million_tokens: f64,
}

/// What spending so much calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CostAction {
    /// Nothing.
    None,
    /// Tell people.
    Notify,
    /// Hold the work for approval.
    PauseAndApprove,
    /// End the session.
    Terminate,
}

/// What calls are expected to cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimates {
    /// For tools without a row.
    pub default: Estimate,
    /// By tool.
    #[serde(default)]
    pub tools: BTreeMap<String, Estimate>,
}

/// What one call of a tool is expected to use.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    /// Tokens.
    pub tokens: u64,
    /// A factor on their price.
    pub weight: f64,
}

/// What a call without an agent is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoAgent {
    /// A system operation: allowed with a warning, the dangers and secrets excepted.
    #[default]
    Allow,
    /// Denied.
    Deny,
}

/// What a call is that names an agent which nobody registered. It is never freer than a call without an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unregistered {
    /// `allow` judges it as a call without an agent, `ask` holds it for a person besides, `deny` refuses it.
    pub outcome: Outcome,
}

impl Default for Unregistered {
    fn default() -> Self {
        Self {
            outcome: Outcome::Ask,
        }
    }
}

/// Whether decisions bind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// They do.
    #[default]
    Enforce,
    /// Everything is allowed; what would have been decided is reported.
    Shadow,
}

impl Tables {
    /// The tables that a tenant starts with.
    ///
    /// # Errors
    ///
    /// Never for a released version: a test reads them.
    pub fn defaults() -> Result<Self, Error> {
        Self::from_toml(DEFAULTS)
    }

    /// Reads and checks tables.
    ///
    /// # Errors
    ///
    /// Every place that is wrong, with what to do.
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        if text.len() > validate::TABLES_LENGTH_MAX {
            return Err(validate::too_long(text.len()));
        }
        let tables: Self = toml::from_str(text).map_err(|error| {
            let (line, column) =
                crate::error::line_and_column(text, error.span().map_or(0, |span| span.start));
            Error::at(format!("line {line}, column {column}"), error.message())
        })?;
        tables.checked()
    }

    /// As [`Tables::from_toml`], from JSON.
    ///
    /// # Errors
    ///
    /// Every place that is wrong, with what to do.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        if text.len() > validate::TABLES_LENGTH_MAX {
            return Err(validate::too_long(text.len()));
        }
        let tables: Self = serde_json::from_str(text).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            Error::at(place, error.to_string())
        })?;
        tables.checked()
    }

    fn checked(self) -> Result<Self, Error> {
        validate::check(&self)?;
        Ok(self)
    }

    /// The name under which a tool stands in the tables.
    pub fn tool<'a>(&'a self, name: &'a str) -> &'a str {
        self.tool_aliases.get(name).map_or(name, String::as_str)
    }

    /// The name under which an MCP server stands in the tables.
    pub fn api<'a>(&'a self, name: &'a str) -> &'a str {
        self.api_aliases.get(name).map_or(name, String::as_str)
    }

    /// Who may approve an operation: its escalation's approvers, else people.
    pub fn approvers(&self, operation: &str) -> Vec<String> {
        match self.escalations.get(operation) {
            Some(escalation) if !escalation.approvers.is_empty() => escalation.approvers.clone(),
            _ => vec!["human".to_owned()],
        }
    }

    /// The tokens and micro-dollars that a call of a tool is expected to use.
    pub fn estimate(&self, tool: &str) -> (u64, u64) {
        let estimate = self
            .estimates
            .tools
            .get(self.tool(tool))
            .unwrap_or(&self.estimates.default);
        (estimate.tokens, self.price(estimate.tokens, tool))
    }

    /// What so many tokens of a tool cost, in micro-dollars: tokens / 10⁶ × price × weight.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate: values are checked to be finite and not negative, and the cast saturates"
    )]
    pub fn price(&self, tokens: u64, tool: &str) -> u64 {
        let estimate = self
            .estimates
            .tools
            .get(self.tool(tool))
            .unwrap_or(&self.estimates.default);
        (tokens as f64 * self.costs.usd_per_million_tokens * estimate.weight).round() as u64
    }

    /// What to do when a session has spent so many US dollars.
    pub fn cost_action(&self, usd: f64) -> CostAction {
        if usd >= self.costs.terminate_usd {
            CostAction::Terminate
        } else if usd >= self.costs.approve_usd {
            CostAction::PauseAndApprove
        } else if usd >= self.costs.notify_usd {
            CostAction::Notify
        } else {
            CostAction::None
        }
    }
}
