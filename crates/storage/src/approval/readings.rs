//! Readings of approvals and allowances.

use civitas_model::approval::{Allowance, ApprovalState, Asked, parse_code};
use civitas_model::{AgentId, Approval, ExecutionId, Id, TenantId, Timestamp};
use civitas_sql::{Error, Select, Statement, Val};

use super::{FIND, allowing, row};
use crate::store::Store;

const FIND_BY_NUMBER: Statement =
    Statement::new(include_str!("../queries/approval/find_by_number.sql"));
const LIST: &str = include_str!("../queries/approval/list.sql");
const EXPIRED: Statement = Statement::new(include_str!("../queries/approval/expired.sql"));
const TO_ESCALATE: Statement = Statement::new(include_str!("../queries/approval/to_escalate.sql"));
const OPEN_FOR: Statement = Statement::new(include_str!("../queries/approval/open_for.sql"));
const ORPHANED: Statement = Statement::new(include_str!("../queries/approval/orphaned.sql"));
const FIND_ALLOWANCE: Statement = Statement::new(include_str!("../queries/allowance/find.sql"));
const LIST_ALLOWANCES: &str = include_str!("../queries/allowance/list.sql");

/// Which approvals; all that is stated must hold.
#[derive(Debug, Clone, Default)]
pub struct ApprovalFilter {
    /// Only in this state, as of `now`.
    pub state: Option<ApprovalState>,
    /// What the state is as of.
    pub now: Timestamp,
    /// Only of this agent.
    pub agent_id: Option<AgentId>,
    /// Only of this session.
    pub session_id: Option<String>,
    /// Only of this execution.
    pub execution_id: Option<ExecutionId>,
    /// Before the one with this number: the page after the one that ended with it.
    pub before: Option<u64>,
}

/// Which allowances; all that is stated must hold.
#[derive(Debug, Clone, Default)]
pub struct AllowanceFilter {
    /// Only those that count at this time.
    pub counting_at: Option<Timestamp>,
    /// After the one with this id: the page after the one that ended with it.
    pub before: Option<String>,
}

/// Readings of approvals and allowances.
pub struct Approvals<'a>(&'a Store);

impl Store {
    /// Readings of approvals and allowances.
    pub const fn approvals(&self) -> Approvals<'_> {
        Approvals(self)
    }
}

impl Approvals<'_> {
    /// A tenant's approval by its id, or by its code in either case.
    pub async fn find(&self, tenant: &TenantId, key: &str) -> Result<Option<Approval>, Error> {
        let database = &self.0.database;
        let params = |key: Val| vec![tenant.as_str().into(), key];
        if let Some(number) = parse_code(key) {
            let row = database
                .query_one(&FIND_BY_NUMBER, params(number.into()))
                .await?;
            if let Some(row) = row {
                return row::read(&row).map(Some);
            }
        }
        let row = database.query_one(&FIND, params(key.into())).await?;
        row.as_ref().map(row::read).transpose()
    }

    /// A page of a tenant's approvals, newest first.
    pub async fn list(
        &self,
        tenant: &TenantId,
        filter: &ApprovalFilter,
        limit: u32,
    ) -> Result<Vec<Approval>, Error> {
        let now = filter.now.as_micros();
        let mut select = Select::new(LIST).filter("tenant_id = ?", tenant.as_str());
        select = match filter.state {
            None => select,
            // Whose time is over may not be written down as that yet.
            Some(state) if state.is_open() => select
                .filter("state = ?", state.as_str())
                .filter("expires_at > ?", now),
            Some(ApprovalState::Expired) => select.filter(
                "state = 'expired' OR state IN ('pending', 'approved') AND expires_at <= ?",
                now,
            ),
            Some(state) => select.filter("state = ?", state.as_str()),
        };
        let select = select
            .filter_some("agent_id = ?", filter.agent_id.as_ref().map(Id::as_str))
            .filter_some("session_id = ?", filter.session_id.as_deref())
            .filter_some(
                "execution_id = ?",
                filter.execution_id.as_ref().map(Id::as_str),
            )
            .filter_some("number < ?", filter.before)
            .tail("ORDER BY number DESC LIMIT ?", vec![limit.into()]);
        let rows = self.0.database.select(&select).await?;
        rows.iter().map(row::read).collect()
    }

    /// Every tenant's approvals whose time is over and that are not written down as that; for the sweep.
    pub async fn expired(&self, now: Timestamp, limit: u32) -> Result<Vec<Approval>, Error> {
        let params = vec![now.as_micros().into(), limit.into()];
        let rows = self.0.database.query(&EXPIRED, params).await?;
        rows.iter().map(row::read).collect()
    }

    /// The approval of a tool call that waits, or may be used: by the digest of the request as it was asked for.
    pub async fn open_for(
        &self,
        tenant: &TenantId,
        request_hash: &str,
        now: Timestamp,
    ) -> Result<Option<Approval>, Error> {
        let params = vec![
            tenant.as_str().into(),
            request_hash.into(),
            now.as_micros().into(),
        ];
        let row = self.0.database.query_one(&OPEN_FOR, params).await?;
        row.as_ref().map(row::read).transpose()
    }

    /// Every tenant's approvals that a wider circle is to decide from now on; for the sweep.
    pub async fn to_escalate(&self, now: Timestamp, limit: u32) -> Result<Vec<Approval>, Error> {
        let now = now.as_micros();
        let params = vec![now.into(), now.into(), limit.into()];
        let rows = self.0.database.query(&TO_ESCALATE, params).await?;
        rows.iter().map(row::read).collect()
    }

    /// Every tenant's approvals that wait although the execution that asked has ended; for the sweep.
    pub async fn orphaned(&self, now: Timestamp, limit: u32) -> Result<Vec<Approval>, Error> {
        let params = vec![now.as_micros().into(), limit.into()];
        let rows = self.0.database.query(&ORPHANED, params).await?;
        rows.iter().map(row::read).collect()
    }

    /// The allowance that covers a request, if one does: of exactly this request, or of this tool of this agent; and what
    /// was asked when it was given answers this, too ([`Approval::answers`]).
    pub async fn allowance(
        &self,
        tenant: &TenantId,
        asked: &Asked<'_>,
        now: Timestamp,
    ) -> Result<Option<Allowance>, Error> {
        let params = allowing::covering(tenant, asked, now);
        let rows = self.0.database.query(&allowing::COVERING, params).await?;
        for row in &rows {
            let allowance = allowing::read(row)?;
            let given = self.find(tenant, &allowance.approval_id).await?;
            if given.is_some_and(|given| given.answers(asked)) {
                return Ok(Some(allowance));
            }
        }
        Ok(None)
    }

    /// One allowance of a tenant.
    pub async fn find_allowance(
        &self,
        tenant: &TenantId,
        allowance_id: &str,
    ) -> Result<Option<Allowance>, Error> {
        let params = vec![tenant.as_str().into(), allowance_id.into()];
        let row = self.0.database.query_one(&FIND_ALLOWANCE, params).await?;
        row.as_ref().map(allowing::read).transpose()
    }

    /// A page of a tenant's allowances, newest first.
    pub async fn allowances(
        &self,
        tenant: &TenantId,
        filter: &AllowanceFilter,
        limit: u32,
    ) -> Result<Vec<Allowance>, Error> {
        let mut select = Select::new(LIST_ALLOWANCES).filter("tenant_id = ?", tenant.as_str());
        if let Some(now) = filter.counting_at {
            select = select
                .filter_all("revoked_at IS NULL", Vec::new())
                .filter("expires_at > ?", now.as_micros());
        }
        // Ids are ordered by time.
        let select = select
            .filter_some("allowance_id < ?", filter.before.as_deref())
            .tail("ORDER BY allowance_id DESC LIMIT ?", vec![limit.into()]);
        let rows = self.0.database.select(&select).await?;
        rows.iter().map(allowing::read).collect()
    }
}
