//! An approval as it is answered.

use civitas_model::approval::{Delegation, Vote};
use civitas_model::{Approval, ExecutionId, Money, Timestamp};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::state::AppState;

/// The largest input that a list shows, in bytes of JSON; the approval itself has it whole.
const LISTED_INPUT_MAX: usize = 16 << 10;

/// Something that waits for people, or waited for them.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApprovalResponse {
    approval_id: String,
    /// What people call it: `P7`. It stands for the id everywhere, in either case.
    code: String,
    /// `tool_call` or `execution`.
    kind: &'static str,
    /// `pending`, `approved`, `denied`, `expired`, `withdrawn` or `used`.
    state: &'static str,
    /// What it is about, in a line.
    summary: String,
    /// The tool, or the name of the point in a handler.
    tool_name: String,
    /// What exactly would be done. In a list it is left out when it is large: see `input_omitted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<Value>,
    /// The size of an input that a list leaves out, in bytes of JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    input_omitted: Option<usize>,
    /// What was asked for, when somebody edited it.
    #[serde(skip_serializing_if = "Option::is_none")]
    original_input: Option<Value>,
    /// The SHA-256 of the canonical form of the request with this input: what is approved, and alone may be done.
    request_hash: String,
    agent_id: Option<String>,
    /// The agent; of an execution, its intent's type.
    agent_name: String,
    session_id: Option<String>,
    tool_use_id: Option<String>,
    cwd: Option<String>,
    execution_id: Option<String>,
    /// Executions that wait for it, the one that asked first.
    blocked_executions: Vec<String>,
    /// Who answers for what asks.
    owner: Option<String>,
    /// Why it is asked for.
    reason: String,
    /// The policies that asked for it.
    policies: Vec<String>,
    /// Who may decide: `human` is everyone who may decide approvals; roles; people by id.
    approvers: Vec<String>,
    /// Tokens that it is expected to use.
    tokens: u64,
    /// Dollars that it is expected to cost.
    #[schema(value_type = f64)]
    cost_usd: Money,
    /// How many people must agree.
    quorum: u32,
    /// How many more must.
    missing: u32,
    votes: Vec<VoteResponse>,
    delegations: Vec<DelegationResponse>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// From then on it means no, decided or not.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// When everyone may decide it who may decide approvals.
    #[schema(value_type = Option<String>, format = DateTime)]
    escalate_at: Option<Timestamp>,
    /// When that happened.
    #[schema(value_type = Option<String>, format = DateTime)]
    escalated_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    decided_at: Option<Timestamp>,
    /// What became of it, in a sentence.
    outcome: Option<String>,
    /// When what was approved was done.
    #[schema(value_type = Option<String>, format = DateTime)]
    used_at: Option<Timestamp>,
}

/// What one person said.
#[derive(Serialize, ToSchema)]
struct VoteResponse {
    person_id: String,
    person: String,
    /// `approve` or `deny`.
    verdict: &'static str,
    comment: Option<String>,
    /// The request they said it of. A vote for another than the present one does not count.
    request_hash: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// That someone else was asked, too.
#[derive(Serialize, ToSchema)]
struct DelegationResponse {
    by_id: String,
    by: String,
    to: String,
    comment: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

impl ApprovalResponse {
    /// The approval whole, with the executions that it holds up.
    pub(crate) async fn whole(state: &AppState, approval: Approval) -> Result<Self, Problem> {
        let blocked = if approval.state.is_open() {
            state.approvals.blocked(&approval).await?
        } else {
            Vec::new()
        };
        let now = state.clock.now();
        Ok(Self::of(approval, &blocked, now))
    }

    /// The same for a list.
    pub(crate) async fn listed(state: &AppState, approval: Approval) -> Result<Self, Problem> {
        let mut answer = Self::whole(state, approval).await?;
        let size =
            |value: &Option<Value>| value.as_ref().map_or(0, |value| value.to_string().len());
        let bytes = size(&answer.input);
        if bytes > LISTED_INPUT_MAX {
            answer.input = None;
            answer.input_omitted = Some(bytes);
        }
        if size(&answer.original_input) > LISTED_INPUT_MAX {
            answer.original_input = None;
        }
        Ok(answer)
    }

    fn of(approval: Approval, blocked: &[ExecutionId], now: Timestamp) -> Self {
        Self {
            code: approval.code(),
            kind: approval.kind.as_str(),
            state: approval.state_at(now).as_str(),
            missing: approval.missing(),
            approval_id: approval.approval_id,
            summary: approval.summary,
            tool_name: approval.tool_name,
            input: Some(approval.input),
            input_omitted: None,
            original_input: approval.original_input,
            request_hash: approval.request_hash,
            agent_id: approval.agent_id.map(|id| id.to_string()),
            agent_name: approval.agent_name,
            session_id: approval.session_id,
            tool_use_id: approval.tool_use_id,
            cwd: approval.cwd,
            execution_id: approval.execution_id.map(|id| id.to_string()),
            blocked_executions: blocked.iter().map(ToString::to_string).collect(),
            owner: approval.owner,
            reason: approval.reason,
            policies: approval.policies,
            approvers: approval.approvers,
            tokens: approval.amount.tokens,
            cost_usd: approval.amount.cost,
            quorum: approval.quorum,
            votes: approval.votes.into_iter().map(VoteResponse::from).collect(),
            delegations: approval
                .delegations
                .into_iter()
                .map(DelegationResponse::from)
                .collect(),
            created_at: approval.created_at,
            expires_at: approval.expires_at,
            escalate_at: approval.escalate_at,
            escalated_at: approval.escalated_at,
            decided_at: approval.decided_at,
            outcome: approval.outcome,
            used_at: approval.used_at,
        }
    }
}

impl From<Vote> for VoteResponse {
    fn from(vote: Vote) -> Self {
        Self {
            person_id: vote.person_id,
            person: vote.person,
            verdict: vote.verdict.as_str(),
            comment: vote.comment,
            request_hash: vote.request_hash,
            at: vote.at,
        }
    }
}

impl From<Delegation> for DelegationResponse {
    fn from(delegation: Delegation) -> Self {
        Self {
            by_id: delegation.by_id,
            by: delegation.by,
            to: delegation.to,
            comment: delegation.comment,
            at: delegation.at,
        }
    }
}
