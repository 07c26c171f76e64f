//! Allowances: what was approved for a while.

use civitas_model::approval::{Allowance, AllowanceScope, ApprovalRefusal, ApprovalState, Asked};
use civitas_model::{Approval, Id, TenantId, Timestamp};
use civitas_sql::{Error, Row, Statement, Val};

use super::{APPROVAL_LIFETIME_MAX, require};
use crate::changeset::Refusal;
use crate::transaction::{Meaning, Stop, Transaction};

const INSERT: Statement = Statement::new(include_str!("../queries/allowance/insert.sql"));
const REVOKE: Statement = Statement::new(include_str!("../queries/allowance/revoke.sql"));
const COUNT_USE: Statement = Statement::new(include_str!("../queries/allowance/count_use.sql"));
const COUNT: Statement = Statement::new(include_str!("../queries/allowance/count.sql"));
const DELETE_OLD: Statement = Statement::new(include_str!("../queries/allowance/delete_old.sql"));
pub(super) const COVERING: Statement =
    Statement::new(include_str!("../queries/allowance/covering.sql"));

/// Allowances of one tenant that count at the same time, at most.
const ALLOWANCES_MAX: u64 = 1_000;

/// What is looked for to find allowances that may cover a request.
pub(super) fn covering(tenant: &TenantId, asked: &Asked<'_>, now: Timestamp) -> Vec<Val> {
    vec![
        tenant.as_str().into(),
        asked.tool_name.into(),
        now.as_micros().into(),
        asked.request_hash.into(),
        asked.agent_id.map(Id::as_str).unwrap_or_default().into(),
        asked.agent_name.into(),
    ]
}

/// Approves an approval that an allowance covers.
pub(super) async fn cover(tx: &mut Transaction<'_>, approval: &mut Approval) -> Result<(), Stop> {
    let params = covering(&approval.tenant_id, &approval.asked(), tx.now);
    for row in tx.query(&COVERING, &params).await? {
        let allowance = read(&row)?;
        let given = require(tx, &approval.tenant_id, &allowance.approval_id).await?;
        if given.answers(&approval.asked()) {
            approval.allow(&allowance.allowance_id, tx.now);
            return count_use(tx, &approval.tenant_id, &allowance.allowance_id).await;
        }
    }
    Ok(())
}

pub(super) async fn allow(tx: &mut Transaction<'_>, allowance: &Allowance) -> Result<(), Stop> {
    let tenant = &allowance.tenant_id;
    let approval = require(tx, tenant, &allowance.approval_id).await?;
    let is_approved = approval.state == ApprovalState::Approved;
    let is_of = allowance.tool_name == approval.tool_name
        && allowance.agent_id == approval.agent_id
        && allowance.agent_name == approval.agent_name
        && allowance.request_hash == approval.request_hash;
    if approval.quorum > 1 {
        return Err(ApprovalRefusal::AllowanceOfMany.into());
    }
    if !is_approved || !is_of {
        return Err(ApprovalRefusal::Allowance.into());
    }
    let last = tx.now.plus(APPROVAL_LIFETIME_MAX);
    if allowance.expires_at <= tx.now || allowance.expires_at > last {
        return Err(ApprovalRefusal::Lifetime.into());
    }
    let now = tx.now.as_micros();
    let count = tx
        .query_one(&COUNT, &[tenant.as_str().into(), now.into()])
        .await?;
    if count.map_or(Ok(0), |row| row.count("count"))? >= ALLOWANCES_MAX {
        let (what, max) = ("allowances count: revoke some", ALLOWANCES_MAX);
        return Err(Refusal::TooMany { what, max }.into());
    }
    let params = vec![
        tenant.as_str().into(),
        allowance.allowance_id.as_str().into(),
        allowance.approval_id.as_str().into(),
        allowance.scope.as_str().into(),
        allowance.tool_name.as_str().into(),
        allowance.agent_id.as_ref().map(Id::as_str).into(),
        allowance.agent_name.as_str().into(),
        allowance.request_hash.as_str().into(),
        allowance.granted_by_id.as_str().into(),
        allowance.granted_by.as_str().into(),
        now.into(),
        allowance.expires_at.as_micros().into(),
    ];
    let what = "an allowance with this id";
    let taken = Meaning::required(Refusal::AlreadyExists { what });
    tx.execute_later(&INSERT, params, taken).await
}

pub(super) async fn revoke(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    allowance_id: &str,
    by: &str,
) -> Result<(), Stop> {
    let params = vec![
        tx.now.as_micros().into(),
        by.into(),
        tenant.as_str().into(),
        allowance_id.into(),
    ];
    let what = "allowance that counts";
    let missing = Meaning::required(Refusal::NotFound { what });
    tx.execute_later(&REVOKE, params, missing).await
}

pub(super) async fn count_use(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    allowance_id: &str,
) -> Result<(), Stop> {
    let now = tx.now.as_micros();
    let params = vec![
        now.into(),
        tenant.as_str().into(),
        allowance_id.into(),
        now.into(),
    ];
    let ended = Refusal::Approval(ApprovalRefusal::AllowanceEnded);
    tx.execute_later(&COUNT_USE, params, Meaning::required(ended))
        .await
}

pub(super) async fn delete_old(
    tx: &mut Transaction<'_>,
    before: i64,
    limit: u32,
) -> Result<(), Stop> {
    let params = vec![before.into(), limit.into()];
    tx.execute_later(&DELETE_OLD, params, Meaning::Nothing)
        .await
}

pub(super) fn read(row: &Row) -> Result<Allowance, Error> {
    let scope = row.text("scope")?;
    let time = |column| Ok::<_, Error>(row.optional_int(column)?.map(Timestamp::from_micros));
    Ok(Allowance {
        allowance_id: row.text("allowance_id")?.to_owned(),
        tenant_id: Id::trusted(row.text("tenant_id")?),
        approval_id: row.text("approval_id")?.to_owned(),
        scope: AllowanceScope::parse(scope).ok_or_else(|| {
            Error::inconsistent("allowances.scope", format!("unknown value {scope}"))
        })?,
        tool_name: row.text("tool_name")?.to_owned(),
        agent_id: row.optional_text("agent_id")?.map(Id::trusted),
        agent_name: row.text("agent_name")?.to_owned(),
        request_hash: row.text("request_hash")?.to_owned(),
        granted_by_id: row.text("granted_by_id")?.to_owned(),
        granted_by: row.text("granted_by")?.to_owned(),
        created_at: Timestamp::from_micros(row.int("created_at")?),
        expires_at: Timestamp::from_micros(row.int("expires_at")?),
        revoked_at: time("revoked_at")?,
        revoked_by: row.optional_text("revoked_by")?.map(str::to_owned),
        uses: row.count("uses")?,
        last_used_at: time("last_used_at")?,
    })
}
