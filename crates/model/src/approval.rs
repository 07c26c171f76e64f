//! Approvals: what waits for a person's decision, who may decide it, and what has become of it.
//!
//! The rules are functions of an approval and a time, so that storage applies them within its transaction and tests can
//! look at each of them. Whatever the rows say, an approval past its `expires_at` is neither decided nor used.

mod rules;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::budget::Amount;
use crate::caller::Caller;
use crate::id::{AgentId, ExecutionId, TenantId};
use crate::permission::Role;
use crate::time::Timestamp;

pub use rules::{ApprovalRefusal, Asked, Edit, NewVote};

/// The approver that is every person who may decide approvals.
pub const HUMAN: &str = "human";
/// People who must agree, at most.
pub const QUORUM_MAX: u32 = 20;
/// Delegations of one approval, at most.
pub const DELEGATIONS_MAX: usize = 20;

/// What asks for an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalKind {
    /// An agent that wants to use a tool.
    ToolCall,
    /// A handler at a point that a person has to confirm.
    Execution,
}

impl ApprovalKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::ToolCall, Self::Execution];

    /// The name used in tables and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ToolCall => "tool_call",
            Self::Execution => "execution",
        }
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Where an approval stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    /// It waits for people.
    Pending,
    /// It may be used once.
    Approved,
    /// A person said no.
    Denied,
    /// Nobody decided, or nobody used it, in time: this means no.
    Expired,
    /// What asked for it ended.
    Withdrawn,
    /// What was approved was done.
    Used,
}

impl ApprovalState {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Approved,
        Self::Denied,
        Self::Expired,
        Self::Withdrawn,
        Self::Used,
    ];

    /// The name used in tables and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Used => "used",
        }
    }

    /// The state of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether time alone still changes it.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Approved)
    }
}

/// A person who decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Their id: each counts once.
    pub id: String,
    /// What they are called, such as their e-mail address.
    pub name: String,
    /// Their roles in the tenant.
    pub roles: Vec<Role>,
}

impl From<&Caller> for Person {
    fn from(caller: &Caller) -> Self {
        let id = caller.user_id.as_ref().map(crate::id::Id::as_str);
        Self {
            id: id.unwrap_or(&caller.name).to_owned(),
            name: caller.name.clone(),
            roles: caller.roles.clone(),
        }
    }
}

/// What a person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may be done.
    Approve,
    /// It may not.
    Deny,
}

impl Verdict {
    /// The name used in tables and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
        }
    }
}

/// What one person said. Each person has one vote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// Their id.
    pub person_id: String,
    /// Their name.
    pub person: String,
    /// What they said.
    pub verdict: Verdict,
    /// Why.
    pub comment: Option<String>,
    /// The request they said it of.
    pub request_hash: String,
    /// When.
    pub at: Timestamp,
}

/// That someone else may decide, too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegation {
    /// The id of the person who said so.
    pub by_id: String,
    /// Their name.
    pub by: String,
    /// Who may decide from then on: a person's id or address, a role, or `human`.
    pub to: String,
    /// Why.
    pub comment: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Something that waits for people, or waited for them.
#[derive(Debug, Clone, PartialEq)]
pub struct Approval {
    /// Its id.
    pub approval_id: String,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Its number within the tenant, never given twice.
    pub number: u64,
    /// What asks.
    pub kind: ApprovalKind,
    /// What it is about, in a line.
    pub summary: String,
    /// The tool, or the name of the point in a handler.
    pub tool_name: String,
    /// What exactly would be done: as it was asked for, or as it was edited.
    pub input: Value,
    /// What was asked for, when it was edited.
    pub original_input: Option<Value>,
    /// The digest of the request with this input: what may be used.
    pub request_hash: String,
    /// The digest of the request as it was asked for.
    pub original_hash: String,
    /// The agent, when it is registered.
    pub agent_id: Option<AgentId>,
    /// The agent's name; of an execution, its intent's type.
    pub agent_name: String,
    /// The session it came up in.
    pub session_id: Option<String>,
    /// The use of a tool that it holds up.
    pub tool_use_id: Option<String>,
    /// The folder that the tool works in.
    pub cwd: Option<String>,
    /// The execution that it holds up.
    pub execution_id: Option<ExecutionId>,
    /// Who answers for what asks: the agent's owner, or who submitted the execution's intent.
    pub owner: Option<String>,
    /// Why it is asked for.
    pub reason: String,
    /// The policies that asked for it.
    pub policies: Vec<String>,
    /// Who may decide: `human`, roles, and people.
    pub approvers: Vec<String>,
    /// What it is expected to use.
    pub amount: Amount,
    /// How many people must agree.
    pub quorum: u32,
    /// From when on it means no, decided or not.
    pub expires_at: Timestamp,
    /// When everyone who may decide approvals may decide this one.
    pub escalate_at: Option<Timestamp>,
    /// When that happened.
    pub escalated_at: Option<Timestamp>,
    /// Where it stands, as it was last written; see [`Approval::state_at`].
    pub state: ApprovalState,
    /// What people said.
    pub votes: Vec<Vote>,
    /// Who else was asked.
    pub delegations: Vec<Delegation>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// Why it was decided so, in a sentence.
    pub outcome: Option<String>,
    /// When what was approved was done.
    pub used_at: Option<Timestamp>,
    /// One more with every change.
    pub revision: u64,
}

impl Approval {
    /// What people call it: `P7`.
    pub fn code(&self) -> String {
        code(self.number)
    }

    /// The request that this input makes.
    pub fn request_with(&self, input: &Value) -> Value {
        request(
            self.agent_id.as_ref(),
            &self.agent_name,
            self.session_id.as_deref(),
            &self.tool_name,
            input,
            self.cwd.as_deref(),
        )
    }
}

/// What people call the approval with a number.
pub fn code(number: u64) -> String {
    format!("P{number}")
}

/// The number in a code such as `P7` or `p7`.
pub fn parse_code(text: &str) -> Option<u64> {
    let digits = text.strip_prefix(['P', 'p'])?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits
        .parse()
        .ok()
        .filter(|number| is_number && *number > 0)
}

/// What is hashed of a request: who would do exactly what, where.
pub fn request(
    agent_id: Option<&AgentId>,
    agent_name: &str,
    session_id: Option<&str>,
    tool_name: &str,
    input: &Value,
    cwd: Option<&str>,
) -> Value {
    json!({
        "agent": { "id": agent_id, "name": agent_name },
        "session": session_id,
        "tool": tool_name,
        "input": input,
        "cwd": cwd,
    })
}

/// What an allowance covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllowanceScope {
    /// Exactly the request that was approved.
    Request,
    /// What this agent does with this tool, as far as it is held for the same reasons.
    Tool,
}

impl AllowanceScope {
    /// The name used in tables and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Tool => "tool",
        }
    }

    /// The scope of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Request, Self::Tool]
            .into_iter()
            .find(|scope| scope.as_str() == name)
    }
}

/// That something need not be asked again for a while.
#[derive(Debug, Clone, PartialEq)]
pub struct Allowance {
    /// Its id.
    pub allowance_id: String,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// The approval it was given with.
    pub approval_id: String,
    /// What it covers.
    pub scope: AllowanceScope,
    /// The tool.
    pub tool_name: String,
    /// The agent, when it is registered.
    pub agent_id: Option<AgentId>,
    /// The agent's name.
    pub agent_name: String,
    /// The digest of the request that was approved.
    pub request_hash: String,
    /// The id of who gave it.
    pub granted_by_id: String,
    /// Their name.
    pub granted_by: String,
    /// When.
    pub created_at: Timestamp,
    /// Until when it counts.
    pub expires_at: Timestamp,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
    /// Who took it back.
    pub revoked_by: Option<String>,
    /// How often it was used.
    pub uses: u64,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}

impl Allowance {
    /// Whether it counts at a time.
    pub fn counts_at(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_in_either_case_and_nothing_else_is_one() {
        assert_eq!(parse_code(&code(7)), Some(7));
        assert_eq!(parse_code("p7"), Some(7));
        for text in [
            "P",
            "P0",
            "7",
            "P+7",
            "P7 ",
            "PP7",
            "P-7",
            "P99999999999999999999",
        ] {
            assert_eq!(parse_code(text), None, "{text}");
        }
    }

    #[test]
    fn names_parse_back_to_what_they_name() {
        for state in ApprovalState::ALL {
            assert_eq!(ApprovalState::parse(state.as_str()), Some(state));
        }
        for kind in ApprovalKind::ALL {
            assert_eq!(ApprovalKind::parse(kind.as_str()), Some(kind));
        }
        for scope in [AllowanceScope::Request, AllowanceScope::Tool] {
            assert_eq!(AllowanceScope::parse(scope.as_str()), Some(scope));
        }
    }
}
