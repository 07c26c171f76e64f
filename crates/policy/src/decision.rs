//! What was decided, and everything that explains it.

use crate::cost::SessionCost;
use crate::tables::{After, CostAction};
use serde::{Deserialize, Serialize};

/// What happens to a call. A later one is stricter, and of all that was judged the strictest holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It runs.
    Allow,
    /// It waits for a person.
    Ask,
    /// It does not run.
    Deny,
}

/// The steps of a decision in their order; the first one that refuses gives the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Who calls: the role is known, an agent is named.
    Agent,
    /// The role has the tool.
    Tool,
    /// Every command is free of dangers and known.
    Command,
    /// Every file is in scope and no secret.
    Path,
    /// The addresses on the web.
    Url,
    /// The role may use the MCP server.
    Api,
    /// The role may start agents.
    Spawn,
    /// The caller's ledger has something left.
    Budget,
    /// Operations that need a role or an approval.
    Approval,
}

/// What is asked of Cedar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Use a tool.
    UseTool,
    /// Run one command of a shell.
    RunCommand,
    /// Read a file.
    ReadPath,
    /// Create, change or remove a file.
    WritePath,
    /// List or search files.
    SearchPath,
    /// Fetch an address.
    FetchUrl,
    /// Call a tool of an MCP server.
    CallApi,
    /// Start a sub-agent.
    SpawnAgent,
    /// Perform an operation.
    Perform,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 9] = [
        Self::UseTool,
        Self::RunCommand,
        Self::ReadPath,
        Self::WritePath,
        Self::SearchPath,
        Self::FetchUrl,
        Self::CallApi,
        Self::SpawnAgent,
        Self::Perform,
    ];

    /// Its name in policies.
    pub fn name(self) -> &'static str {
        match self {
            Self::UseTool => "use_tool",
            Self::RunCommand => "run_command",
            Self::ReadPath => "read_path",
            Self::WritePath => "write_path",
            Self::SearchPath => "search_path",
            Self::FetchUrl => "fetch_url",
            Self::CallApi => "call_api",
            Self::SpawnAgent => "spawn_agent",
            Self::Perform => "perform",
        }
    }
}

/// Permit or forbid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Grants.
    Permit,
    /// Refuses, or with `@require("approval")` holds.
    Forbid,
}

/// A policy that applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Matched {
    /// Its `@id`.
    pub id: String,
    /// Its `@reason`.
    pub reason: String,
    /// Where it comes from: its `@source`, else its file.
    pub source: String,
    /// What it does.
    pub effect: Effect,
    /// It asks for approval.
    pub requires_approval: bool,
}

/// One thing that was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// The step.
    pub step: Step,
    /// What was asked; absent where no policy is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// The tool, command, file, address or operation.
    pub subject: String,
    /// What came out.
    pub outcome: Outcome,
    /// Why, unless it is allowed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The `@id`s of the policies that applied.
    pub policies: Vec<String>,
}

/// What would be decided if policies that are only watched were binding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shadow {
    /// The outcome.
    pub outcome: Outcome,
    /// Its reason.
    pub reason: String,
    /// The watched policies that applied.
    pub policies: Vec<Matched>,
}

/// How many people are asked, and when more of them are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct People {
    /// So many different people must agree.
    pub quorum: u32,
    /// After this everyone who decides approvals may decide; as the server is set up when absent.
    pub escalate_after: Option<After>,
}

impl Default for People {
    fn default() -> Self {
        Self {
            quorum: 1,
            escalate_after: None,
        }
    }
}

impl People {
    /// What both ask for: the more people, and the shorter time.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let times = [self.escalate_after, other.escalate_after];
        Self {
            quorum: self.quorum.max(other.quorum),
            escalate_after: times.into_iter().flatten().min(),
        }
    }
}

/// Every person who may decide approvals.
const HUMAN: &str = "human";
/// The role that may decide every approval.
const ADMIN: &str = "admin";

/// Everyone who decides approvals.
pub(crate) fn everyone() -> Vec<String> {
    vec![HUMAN.to_owned()]
}

/// Who may decide two things at once: whoever may decide each of them; when nobody is named for both, an admin.
pub fn approvers_of_both(some: &[String], others: &[String]) -> Vec<String> {
    let is_open = |names: &[String]| names.iter().any(|name| name == HUMAN);
    let may =
        |name: &String, names: &[String]| is_open(names) || name == ADMIN || names.contains(name);
    match (is_open(some), is_open(others)) {
        (true, _) => return others.to_vec(),
        (false, true) => return some.to_vec(),
        (false, false) => {}
    }
    let all = some.iter().chain(others);
    let mut both: Vec<String> = all
        .filter(|name| may(name, some) && may(name, others))
        .cloned()
        .collect();
    both.sort();
    both.dedup();
    if both.is_empty() {
        both.push(ADMIN.to_owned());
    }
    both
}

/// What the caller's ledger says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Its judgement.
    pub outcome: Outcome,
    /// Its state in a sentence, for the explanation.
    pub reason: String,
}

/// What a call is expected to use before it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Expected {
    /// Tokens.
    pub tokens: u64,
    /// Millionths of a US dollar.
    pub micro_usd: u64,
}

/// A decision with its explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// What happens.
    pub outcome: Outcome,
    /// Why, as a sentence for the agent and for people.
    pub reason: String,
    /// The step that decided; absent when everything is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
    /// The policies that applied, each once.
    pub policies: Vec<Matched>,
    /// Everything that was judged, strict ones first kept when there are more than [`JUDGED_MAX`].
    pub judged: Vec<Judged>,
    /// The facts that policies saw: of the session, and of this call.
    pub facts: Vec<String>,
    /// Those that this call adds to its session when it runs.
    pub gained: Vec<String>,
    /// The operations that were recognised.
    pub operations: Vec<String>,
    /// Who may approve, when it asks.
    pub approvers: Vec<String>,
    /// How many of them must agree, and when more are asked.
    #[serde(flatten)]
    pub people: People,
    /// The use must be audited in any case, for instance that of a secret.
    pub audit: bool,
    /// What people should know although it is allowed.
    pub warnings: Vec<String>,
    /// The ledger's judgement, if the caller gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// What the call is expected to use.
    pub expected: Expected,
    /// What the session costs, and what follows from that.
    pub cost: SessionCost,
    /// What watched policies would have made of it; absent when none applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shadow: Option<Shadow>,
    /// The fingerprint of the policy set.
    pub fingerprint: String,
    /// How long it took, in microseconds.
    pub elapsed_us: u64,
}

impl Decision {
    /// Whether the whole session is to be stopped, for what it costs.
    pub fn stops_session(&self) -> bool {
        self.outcome == Outcome::Deny && self.cost.due == CostAction::Terminate
    }

    /// Whether people are to be told what the session costs when the call runs.
    pub fn tells_cost(&self) -> bool {
        self.cost.due == CostAction::Notify
    }
}

/// How many things that were judged a decision lists.
pub const JUDGED_MAX: usize = 64;
