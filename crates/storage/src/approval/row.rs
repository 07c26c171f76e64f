//! Approvals as rows.

use civitas_model::approval::{ApprovalKind, ApprovalState};
use civitas_model::{Amount, Approval, ExecutionId, Id, Money, Timestamp};
use civitas_sql::{Error, Row, Statement};

use super::{CHANGED, NewApproval};
use crate::json;
use crate::transaction::{Meaning, Stop, Transaction};

const INSERT: Statement = Statement::new(include_str!("../queries/approval/insert.sql"));
const UPDATE: Statement = Statement::new(include_str!("../queries/approval/update.sql"));

/// A new approval as it begins.
pub(super) fn opened(
    new: &NewApproval,
    number: u64,
    owner: Option<String>,
    now: Timestamp,
) -> Approval {
    let mut approvers = new.approvers.clone();
    if approvers.is_empty() {
        approvers.push(civitas_model::approval::HUMAN.to_owned());
    }
    Approval {
        approval_id: new.approval_id.clone(),
        tenant_id: new.tenant_id.clone(),
        number,
        kind: new.kind,
        summary: new.summary.clone(),
        tool_name: new.tool_name.clone(),
        input: new.input.clone(),
        original_input: None,
        request_hash: new.request_hash.clone(),
        original_hash: new.request_hash.clone(),
        agent_id: new.agent_id.clone(),
        agent_name: new.agent_name.clone(),
        session_id: new.session_id.clone(),
        tool_use_id: new.tool_use_id.clone(),
        cwd: new.cwd.clone(),
        execution_id: new.execution_id.clone(),
        owner,
        reason: new.reason.clone(),
        policies: new.policies.clone(),
        approvers,
        amount: new.amount,
        quorum: new.quorum,
        expires_at: new.expires_at,
        escalate_at: new.escalate_at,
        escalated_at: None,
        state: ApprovalState::Pending,
        votes: Vec::new(),
        delegations: Vec::new(),
        created_at: now,
        decided_at: None,
        outcome: None,
        used_at: None,
        revision: 1,
    }
}

pub(super) async fn insert(tx: &mut Transaction<'_>, approval: &Approval) -> Result<(), Stop> {
    let micros = |time: Option<Timestamp>| time.map(Timestamp::as_micros);
    let original = approval.original_input.as_ref().map(json::text);
    let params = vec![
        approval.tenant_id.as_str().into(),
        approval.approval_id.as_str().into(),
        approval.number.into(),
        approval.kind.as_str().into(),
        approval.summary.as_str().into(),
        approval.tool_name.as_str().into(),
        json::text(&approval.input)?,
        original.transpose()?.into(),
        approval.request_hash.as_str().into(),
        approval.original_hash.as_str().into(),
        approval.agent_id.as_ref().map(Id::as_str).into(),
        approval.agent_name.as_str().into(),
        approval.session_id.as_deref().into(),
        approval.tool_use_id.as_deref().into(),
        approval.cwd.as_deref().into(),
        approval.execution_id.as_ref().map(Id::as_str).into(),
        approval.owner.as_deref().into(),
        approval.reason.as_str().into(),
        json::text(&approval.policies)?,
        json::text(&approval.approvers)?,
        approval.amount.tokens.into(),
        approval.amount.cost.as_micros().into(),
        approval.quorum.into(),
        approval.expires_at.as_micros().into(),
        micros(approval.escalate_at).into(),
        micros(approval.escalated_at).into(),
        approval.state.as_str().into(),
        json::text(&approval.votes)?,
        json::text(&approval.delegations)?,
        approval.created_at.as_micros().into(),
        micros(approval.decided_at).into(),
        approval.outcome.as_deref().into(),
        micros(approval.used_at).into(),
        approval.revision.into(),
    ];
    tx.execute_later(&INSERT, params, Meaning::required(CHANGED))
        .await
}

/// Writes what may change, unless someone changed it since it was read.
pub(super) async fn update(tx: &mut Transaction<'_>, approval: &Approval) -> Result<(), Stop> {
    let micros = |time: Option<Timestamp>| time.map(Timestamp::as_micros);
    let original = approval.original_input.as_ref().map(json::text);
    let params = vec![
        json::text(&approval.input)?,
        original.transpose()?.into(),
        approval.request_hash.as_str().into(),
        json::text(&approval.approvers)?,
        approval.state.as_str().into(),
        json::text(&approval.votes)?,
        json::text(&approval.delegations)?,
        micros(approval.escalated_at).into(),
        micros(approval.decided_at).into(),
        approval.outcome.as_deref().into(),
        micros(approval.used_at).into(),
        approval.tenant_id.as_str().into(),
        approval.approval_id.as_str().into(),
        approval.revision.into(),
    ];
    tx.execute_later(&UPDATE, params, Meaning::required(CHANGED))
        .await
}

pub(super) fn read(row: &Row) -> Result<Approval, Error> {
    let (kind, state) = (row.text("kind")?, row.text("state")?);
    let unknown = |column, value| Error::inconsistent(column, format!("unknown value {value}"));
    let text = |column| Ok::<_, Error>(row.optional_text(column)?.map(str::to_owned));
    let time = |column| Ok::<_, Error>(row.optional_int(column)?.map(Timestamp::from_micros));
    Ok(Approval {
        approval_id: row.text("approval_id")?.to_owned(),
        tenant_id: Id::trusted(row.text("tenant_id")?),
        number: row.count("number")?,
        kind: ApprovalKind::parse(kind).ok_or_else(|| unknown("approvals.kind", kind))?,
        summary: row.text("summary")?.to_owned(),
        tool_name: row.text("tool_name")?.to_owned(),
        input: json::read(row, "input")?,
        original_input: json::read_optional(row, "original_input")?,
        request_hash: row.text("request_hash")?.to_owned(),
        original_hash: row.text("original_hash")?.to_owned(),
        agent_id: row.optional_text("agent_id")?.map(Id::trusted),
        agent_name: row.text("agent_name")?.to_owned(),
        session_id: text("session_id")?,
        tool_use_id: text("tool_use_id")?,
        cwd: text("cwd")?,
        execution_id: row.optional_text("execution_id")?.map(ExecutionId::trusted),
        owner: text("owner")?,
        reason: row.text("reason")?.to_owned(),
        policies: json::read(row, "policies")?,
        approvers: json::read(row, "approvers")?,
        amount: Amount {
            tokens: row.count("tokens")?,
            cost: Money::from_micros(row.count("cost")?),
        },
        quorum: u32::try_from(row.int("quorum")?)
            .map_err(|_| Error::inconsistent("approvals.quorum", "not a small count"))?,
        expires_at: Timestamp::from_micros(row.int("expires_at")?),
        escalate_at: time("escalate_at")?,
        escalated_at: time("escalated_at")?,
        state: ApprovalState::parse(state).ok_or_else(|| unknown("approvals.state", state))?,
        votes: json::read(row, "votes")?,
        delegations: json::read(row, "delegations")?,
        created_at: Timestamp::from_micros(row.int("created_at")?),
        decided_at: time("decided_at")?,
        outcome: text("outcome")?,
        used_at: time("used_at")?,
        revision: row.count("revision")?,
    })
}
