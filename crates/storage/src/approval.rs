//! Approvals: what waits for people's decision, what they decided, and that it is used once.
//!
//! The rules are those of `civitas_model::approval`; here they are applied to the row as it is in the transaction. Each
//! change follows the row's revision, so that of many decisions at the same time one holds.

mod allowing;
mod readings;
mod row;

use std::time::Duration;

use civitas_audit::{Actor, NewEntry};
use civitas_model::approval::{
    Allowance, ApprovalKind, ApprovalRefusal, ApprovalState, NewVote, Person, QUORUM_MAX,
};
use civitas_model::session::anonymous_session;
use civitas_model::{AgentId, Amount, Approval, ExecutionId, TenantId, Timestamp};
use civitas_sql::{Row, Statement};
use serde_json::{Value, json};

use crate::activity;
use crate::changeset::{Change, Refusal};
use crate::execution::wake_waiting_for_approval;
use crate::notice::Notice;
use crate::transaction::{Meaning, Stop, Transaction};

pub use readings::{AllowanceFilter, ApprovalFilter, Approvals};

const FIND: Statement = Statement::new(include_str!("queries/approval/find.sql"));
const COUNT_OPEN: Statement = Statement::new(include_str!("queries/approval/count_open.sql"));
const NEXT_NUMBER: Statement = Statement::new(include_str!("queries/approval/next_number.sql"));
const OWNER_OF_AGENT: Statement =
    Statement::new(include_str!("queries/approval/owner_of_agent.sql"));
const OWNER_OF_EXECUTION: Statement =
    Statement::new(include_str!("queries/approval/owner_of_execution.sql"));
const OPEN_OF_EXECUTION: Statement =
    Statement::new(include_str!("queries/approval/open_of_execution.sql"));
const DELETE_OLD: Statement = Statement::new(include_str!("queries/approval/delete_old.sql"));

/// Approvals of one tenant that wait at the same time, at most.
pub const OPEN_APPROVALS_MAX: u64 = 1_000;
/// How long an approval may wait, and an allowance may last.
pub const APPROVAL_LIFETIME_MAX: Duration = Duration::from_hours(30 * 24);
/// How long what became of an approval is kept: as long as the bodies of audit entries.
const KEPT: Duration = Duration::from_hours(90 * 24);
/// Approvals that one sweep removes, so that no commit takes long.
const SWEPT_MAX: u32 = 1_000;

/// Something that people have to approve. What its owner is, its number and its time are settled at the commit.
#[derive(Debug, Clone, PartialEq)]
pub struct NewApproval {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Its id.
    pub approval_id: String,
    /// What asks.
    pub kind: ApprovalKind,
    /// What it is about, in a line.
    pub summary: String,
    /// The tool, or the name of the point in a handler.
    pub tool_name: String,
    /// What exactly would be done.
    pub input: Value,
    /// The digest of the request: SHA-256, in lower-case hexadecimal.
    pub request_hash: String,
    /// The agent, when it is registered.
    pub agent_id: Option<AgentId>,
    /// The agent's name; of an execution, its intent's type.
    pub agent_name: String,
    /// The session it came up in.
    pub session_id: Option<String>,
    /// The use of a tool that it holds up.
    pub tool_use_id: Option<String>,
    /// The folder that the tool works in, when the request names it.
    pub cwd: Option<String>,
    /// The execution that it holds up.
    pub execution_id: Option<ExecutionId>,
    /// Why it is asked for.
    pub reason: String,
    /// The policies that ask for it.
    pub policies: Vec<String>,
    /// Who may decide: `human`, roles, and people by id or address. When empty, every person who may decide approvals.
    pub approvers: Vec<String>,
    /// What it is expected to use.
    pub amount: Amount,
    /// How many people must agree, from 1.
    pub quorum: u32,
    /// From when on it means no: within [`APPROVAL_LIFETIME_MAX`].
    pub expires_at: Timestamp,
    /// When every person who may decide approvals may decide this one, too.
    pub escalate_at: Option<Timestamp>,
}

/// A change of approvals.
#[derive(Debug)]
pub enum ApprovalChange {
    /// Asks for one. Refused when there are too many, or one with this id. For an execution that an allowance covers it is
    /// approved at once, and the allowance counts it.
    Open(Box<NewApproval>),
    /// Counts a person's vote.
    Vote {
        /// Whose approval.
        tenant_id: TenantId,
        /// Which.
        approval_id: String,
        /// The vote.
        vote: Box<NewVote>,
    },
    /// Lets someone else decide, too.
    Delegate {
        /// Whose approval.
        tenant_id: TenantId,
        /// Which.
        approval_id: String,
        /// Who says so: one who may decide.
        by: Person,
        /// Who may decide from then on.
        to: String,
        /// Why.
        comment: Option<String>,
    },
    /// Lets every person decide who may decide approvals; refused before its time.
    Escalate {
        /// Whose approval.
        tenant_id: TenantId,
        /// Which.
        approval_id: String,
    },
    /// Writes down that its time is over; refused before that.
    Expire {
        /// Whose approval.
        tenant_id: TenantId,
        /// Which.
        approval_id: String,
    },
    /// Takes it back; refused once it was denied or used.
    Withdraw {
        /// Whose approval.
        tenant_id: TenantId,
        /// Which.
        approval_id: String,
        /// Why, as a fragment.
        reason: String,
    },
    /// Consumes it. Refused unless it is approved, unused, within its time, and this is what was approved.
    Use {
        /// Whose approval.
        tenant_id: TenantId,
        /// Which.
        approval_id: String,
        /// The digest of what is done now.
        request_hash: String,
    },
    /// Allows what was approved for a while; refused unless its approval was approved by one person.
    Allow(Box<Allowance>),
    /// Takes an allowance back.
    Revoke {
        /// Whose allowance.
        tenant_id: TenantId,
        /// Which.
        allowance_id: String,
        /// The name of who takes it back.
        by: String,
    },
    /// Counts that an allowance was used; refused when it ended.
    UseAllowance {
        /// Whose allowance.
        tenant_id: TenantId,
        /// Which.
        allowance_id: String,
    },
}

impl From<ApprovalChange> for Change {
    fn from(change: ApprovalChange) -> Self {
        Self::Approval(change)
    }
}

const MISSING: Refusal = Refusal::NotFound { what: "approval" };
const CHANGED: Refusal = Refusal::Changed {
    what: "the approval",
};

impl From<ApprovalRefusal> for Stop {
    fn from(refusal: ApprovalRefusal) -> Self {
        Self::Refused(Refusal::Approval(refusal))
    }
}

impl ApprovalChange {
    /// Whose approvals it changes.
    pub(crate) fn tenant_id(&self) -> &TenantId {
        match self {
            Self::Open(new) => &new.tenant_id,
            Self::Allow(allowance) => &allowance.tenant_id,
            Self::Vote { tenant_id, .. }
            | Self::Delegate { tenant_id, .. }
            | Self::Escalate { tenant_id, .. }
            | Self::Expire { tenant_id, .. }
            | Self::Withdraw { tenant_id, .. }
            | Self::Use { tenant_id, .. }
            | Self::Revoke { tenant_id, .. }
            | Self::UseAllowance { tenant_id, .. } => tenant_id,
        }
    }

    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let now = tx.now;
        let tenant = self.tenant_id();
        match self {
            Self::Open(new) => open(tx, new).await,
            Self::Vote {
                approval_id, vote, ..
            } => {
                let mut approval = require(tx, tenant, approval_id).await?;
                approval.vote((**vote).clone(), now)?;
                keep(tx, &approval).await
            }
            Self::Delegate {
                approval_id,
                by,
                to,
                comment,
                ..
            } => {
                let mut approval = require(tx, tenant, approval_id).await?;
                approval.delegate(by, to, comment.clone(), now)?;
                keep(tx, &approval).await
            }
            Self::Escalate { approval_id, .. } => {
                let mut approval = require(tx, tenant, approval_id).await?;
                approval.escalate(now)?;
                publish_request(tx, &approval).await?;
                keep(tx, &approval).await
            }
            Self::Expire { approval_id, .. } => {
                let mut approval = require(tx, tenant, approval_id).await?;
                approval.expire(now)?;
                keep(tx, &approval).await
            }
            Self::Withdraw {
                approval_id,
                reason,
                ..
            } => {
                let mut approval = require(tx, tenant, approval_id).await?;
                approval.withdraw(reason, now)?;
                keep(tx, &approval).await
            }
            Self::Use {
                approval_id,
                request_hash,
                ..
            } => {
                let mut approval = require(tx, tenant, approval_id).await?;
                approval.use_once(request_hash, now)?;
                keep(tx, &approval).await
            }
            Self::Allow(allowance) => allowing::allow(tx, allowance).await,
            Self::Revoke {
                allowance_id, by, ..
            } => allowing::revoke(tx, tenant, allowance_id, by).await,
            Self::UseAllowance { allowance_id, .. } => {
                allowing::count_use(tx, tenant, allowance_id).await
            }
        }
    }
}

async fn open(tx: &mut Transaction<'_>, new: &NewApproval) -> Result<(), Stop> {
    let tenant = &new.tenant_id;
    if anonymous_session(tenant).is_some() {
        return Err(ApprovalRefusal::Anonymous.into());
    }
    if new.quorum == 0 || new.quorum > QUORUM_MAX {
        return Err(ApprovalRefusal::Quorum.into());
    }
    if new.expires_at <= tx.now || new.expires_at > tx.now.plus(APPROVAL_LIFETIME_MAX) {
        return Err(ApprovalRefusal::Lifetime.into());
    }
    let key = [tenant.as_str().into(), new.approval_id.as_str().into()];
    if tx.query_one(&FIND, &key).await?.is_some() {
        let what = "an approval with this id";
        return Err(Refusal::AlreadyExists { what }.into());
    }
    let row = tx.query_one(&COUNT_OPEN, &[tenant.as_str().into()]).await?;
    if row.map_or(Ok(0), |row| row.count("count"))? >= OPEN_APPROVALS_MAX {
        let (what, max) = ("approvals wait for people: decide some", OPEN_APPROVALS_MAX);
        return Err(Refusal::TooMany { what, max }.into());
    }
    let number = next_number(tx, tenant).await?;
    let owner = owner(tx, new).await?;
    let mut approval = row::opened(new, number, owner, tx.now);
    // Tool calls are looked at before they are asked for: this is for what asks in the middle of its work.
    if approval.kind == ApprovalKind::Execution && approval.quorum == 1 {
        allowing::cover(tx, &mut approval).await?;
    }
    row::insert(tx, &approval).await?;
    if approval.state == ApprovalState::Pending {
        publish_request(tx, &approval).await?;
        say(tx, &approval);
        return Ok(());
    }
    publish_decision(tx, &approval).await?;
    say(tx, &approval);
    Ok(())
}

/// The next number of a tenant. One whose changeset is refused is given to the next.
async fn next_number(tx: &mut Transaction<'_>, tenant: &TenantId) -> Result<u64, Stop> {
    let row = tx
        .query_one(&NEXT_NUMBER, &[tenant.as_str().into()])
        .await?;
    row.map_or(Ok(0), |row| Ok(row.count("last_number")?))
}

/// Who answers for what asks.
async fn owner(tx: &mut Transaction<'_>, new: &NewApproval) -> Result<Option<String>, Stop> {
    let tenant = new.tenant_id.as_str();
    let row = match (&new.agent_id, &new.execution_id) {
        (Some(agent), _) => {
            let key = [tenant.into(), agent.as_str().into()];
            tx.query_one(&OWNER_OF_AGENT, &key).await?
        }
        (None, Some(execution)) => {
            let key = [tenant.into(), execution.as_str().into()];
            tx.query_one(&OWNER_OF_EXECUTION, &key).await?
        }
        (None, None) => None,
    };
    let owner = |row: &Row| {
        row.optional_text("owner")
            .map(|text| text.map(str::to_owned))
    };
    Ok(row.as_ref().map(owner).transpose()?.flatten())
}

/// The approval as it is now in this transaction.
async fn require(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    approval_id: &str,
) -> Result<Approval, Stop> {
    let key = [tenant.as_str().into(), approval_id.into()];
    let row = tx.query_one(&FIND, &key).await?;
    Ok(row::read(&row.ok_or(Stop::Refused(MISSING))?)?)
}

/// Writes a changed approval. When that decided it, whoever waits goes on, and it is published.
async fn keep(tx: &mut Transaction<'_>, approval: &Approval) -> Result<(), Stop> {
    row::update(tx, approval).await?;
    say(tx, approval);
    let is_decided = approval.decided_at == Some(tx.now) && approval.state != ApprovalState::Used;
    if !is_decided {
        return Ok(());
    }
    if approval.execution_id.is_some() {
        wake_waiting_for_approval(tx, &approval.tenant_id, &approval.approval_id).await?;
    }
    publish_decision(tx, approval).await
}

fn say(tx: &mut Transaction<'_>, approval: &Approval) {
    tx.notify(Notice::Approval {
        tenant_id: approval.tenant_id.clone(),
        approval_id: approval.approval_id.clone(),
    });
}

/// Tells those who watch that something waits for people. Not what exactly, which may be large or secret.
async fn publish_request(tx: &mut Transaction<'_>, approval: &Approval) -> Result<(), Stop> {
    let event = json!({
        "approval_id": approval.approval_id,
        "code": approval.code(),
        "kind": approval.kind,
        "summary": approval.summary,
        "tool_name": approval.tool_name,
        "agent_id": approval.agent_id,
        "agent_name": approval.agent_name,
        "session_id": approval.session_id,
        "tool_use_id": approval.tool_use_id,
        "execution_id": approval.execution_id,
        "reason": approval.reason,
        "policies": approval.policies,
        "approvers": approval.approvers,
        "quorum": approval.quorum,
        "tokens": approval.amount.tokens,
        "cost_usd": approval.amount.cost,
        "request_hash": approval.request_hash,
        "escalated": approval.escalated_at.is_some(),
        "expires_at": approval.expires_at,
    });
    activity::publish(tx, &approval.tenant_id, "approval_requested", event).await
}

async fn publish_decision(tx: &mut Transaction<'_>, approval: &Approval) -> Result<(), Stop> {
    let event = json!({
        "approval_id": approval.approval_id,
        "code": approval.code(),
        "state": approval.state,
        "outcome": approval.outcome,
        "tool_name": approval.tool_name,
        "agent_id": approval.agent_id,
        "agent_name": approval.agent_name,
        "session_id": approval.session_id,
        "tool_use_id": approval.tool_use_id,
        "execution_id": approval.execution_id,
        "request_hash": approval.request_hash,
        "edited": approval.original_input.is_some(),
        "decided_at": approval.decided_at,
    });
    activity::publish(tx, &approval.tenant_id, "approval_decided", event).await
}

/// Whether people may still decide it; for what waits for that.
pub(crate) async fn is_pending(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    approval_id: &str,
) -> Result<bool, Stop> {
    let key = [tenant.as_str().into(), approval_id.into()];
    let Some(row) = tx.query_one(&FIND, &key).await? else {
        return Ok(false);
    };
    Ok(row::read(&row)?.state_at(tx.now) == ApprovalState::Pending)
}

/// Takes back what an execution waits for, because it was stopped, with an entry in the audit log for each.
pub(crate) async fn withdraw_of(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    execution: &ExecutionId,
) -> Result<(), Stop> {
    let key = [tenant.as_str().into(), execution.as_str().into()];
    for row in tx.query(&OPEN_OF_EXECUTION, &key).await? {
        let mut approval = require(tx, tenant, row.text("approval_id")?).await?;
        // One whose time is over is written down as that, by whoever sweeps.
        if approval
            .withdraw("the execution was stopped", tx.now)
            .is_err()
        {
            continue;
        }
        keep(tx, &approval).await?;
        let entry = NewEntry {
            tenant_id: tenant.clone(),
            // It is withdrawn once.
            entry_id: format!("{}-withdrawn", approval.approval_id),
            actor: Actor::system("executions"),
            category: "approval".to_owned(),
            action: "withdraw".to_owned(),
            subject: None,
            outcome: "done".to_owned(),
            tool_use_id: approval.tool_use_id.clone(),
            body: None,
        };
        crate::audit::append(tx, &entry.on("approval", &approval.approval_id)).await?;
    }
    Ok(())
}

pub(crate) async fn delete_old(tx: &mut Transaction<'_>) -> Result<(), Stop> {
    let before = tx.now.minus(KEPT).as_micros();
    let params = vec![before.into(), SWEPT_MAX.into()];
    tx.execute_later(&DELETE_OLD, params, Meaning::Nothing)
        .await?;
    allowing::delete_old(tx, before, SWEPT_MAX).await
}
