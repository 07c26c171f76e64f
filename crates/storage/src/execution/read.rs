//! Reading executions and their journals.

use civitas_model::execution::{Intent, Status};
use civitas_model::journal::Entry;
use civitas_model::{
    Execution, ExecutionId, IntentId, SessionId, SolutionId, TenantId, Timestamp, UserId,
};
use civitas_sql::{Error, Row, Select, Statement};

use crate::json;
use crate::outbox;
use crate::store::Store;

const FIND: Statement = Statement::new(include_str!("../queries/execution/find.sql"));
const LIST: &str = include_str!("../queries/execution/list.sql");
const OPEN: Statement = Statement::new(include_str!("../queries/execution/open.sql"));
const DUE: Statement = Statement::new(include_str!("../queries/execution/due.sql"));
const NEXT_WAKE: Statement = Statement::new(include_str!("../queries/execution/next_wake.sql"));
const CHILDREN: Statement = Statement::new(include_str!("../queries/execution/children.sql"));
const COUNT_BY_STATUS: Statement =
    Statement::new(include_str!("../queries/execution/count_by_status.sql"));

/// Which executions to list.
#[derive(Debug, Clone, Default)]
pub struct ExecutionFilter {
    /// Only with one of these statuses; any when empty.
    pub statuses: Vec<Status>,
    /// Only of this intent type.
    pub intent_type: Option<String>,
    /// Only of this session.
    pub session_id: Option<SessionId>,
    /// Only older than this one (the last of the page before).
    pub before: Option<ExecutionId>,
}

/// Readings of executions.
pub struct Executions<'a>(&'a Store);

impl Store {
    /// Readings of executions.
    pub const fn executions(&self) -> Executions<'_> {
        Executions(self)
    }
}

impl Executions<'_> {
    /// One execution of a tenant.
    pub async fn find(
        &self,
        tenant: &TenantId,
        execution: &ExecutionId,
    ) -> Result<Option<Execution>, Error> {
        let params = vec![tenant.as_str().into(), execution.as_str().into()];
        self.0
            .database
            .query_one(&FIND, params)
            .await?
            .as_ref()
            .map(read)
            .transpose()
    }

    /// A tenant's executions, newest first.
    pub async fn list(
        &self,
        tenant: &TenantId,
        filter: &ExecutionFilter,
        limit: u32,
    ) -> Result<Vec<Execution>, Error> {
        let mut select = Select::new(LIST)
            .filter("e.tenant_id = ?", tenant.as_str())
            .filter_some("e.intent_type = ?", filter.intent_type.as_deref())
            .filter_some(
                "e.session_id = ?",
                filter.session_id.as_ref().map(civitas_model::Id::as_str),
            )
            .filter_some(
                "e.execution_id < ?",
                filter.before.as_ref().map(civitas_model::Id::as_str),
            );
        if !filter.statuses.is_empty() {
            let statuses = filter
                .statuses
                .iter()
                .map(|status| status.as_str().into())
                .collect();
            select = select.filter_in("e.status", statuses);
        }
        let select = select.tail("ORDER BY e.execution_id DESC LIMIT ?", vec![limit.into()]);
        self.0
            .database
            .select(&select)
            .await?
            .iter()
            .map(read)
            .collect()
    }

    /// A tenant's number of executions per status.
    pub async fn count_by_status(&self, tenant: &TenantId) -> Result<Vec<(Status, u64)>, Error> {
        let rows = self
            .0
            .database
            .query(&COUNT_BY_STATUS, vec![tenant.as_str().into()])
            .await?;
        rows.iter()
            .map(|row| Ok((status(row)?, row.count("count")?)))
            .collect()
    }

    /// Entries of the journal of a tenant's execution after a number, in order.
    pub async fn journal(
        &self,
        tenant: &TenantId,
        execution: &ExecutionId,
        after_seq: u64,
        limit: u32,
    ) -> Result<Vec<Entry>, Error> {
        outbox::journal(self.0, tenant, execution, after_seq, limit).await
    }

    /// Unfinished children of an execution.
    pub async fn open_children(
        &self,
        tenant: &TenantId,
        parent: &ExecutionId,
    ) -> Result<Vec<ExecutionId>, Error> {
        let params = vec![parent.as_str().into(), tenant.as_str().into()];
        let rows = self.0.database.query(&CHILDREN, params).await?;
        rows.iter()
            .map(|row| Ok(ExecutionId::trusted(row.text("execution_id")?)))
            .collect()
    }

    /// Every tenant's pending and running executions after an id, in the order they were accepted; for the engine.
    pub async fn open_after(
        &self,
        after: Option<&ExecutionId>,
        limit: u32,
    ) -> Result<Vec<Execution>, Error> {
        let after = after.map_or("", |id| id.as_str());
        let rows = self
            .0
            .database
            .query(&OPEN, vec![after.into(), limit.into()])
            .await?;
        rows.iter().map(read).collect()
    }

    /// Every tenant's waiting executions whose time has come; for the engine.
    pub async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<Execution>, Error> {
        let rows = self
            .0
            .database
            .query(&DUE, vec![now.as_micros().into(), limit.into()])
            .await?;
        rows.iter().map(read).collect()
    }

    /// Whether some execution finished before a time; for retention.
    pub async fn has_expired(&self, finished_before: Timestamp) -> Result<bool, Error> {
        const EXPIRED: Statement = Statement::new(include_str!("../queries/execution/expired.sql"));
        let params = vec![finished_before.as_micros().into(), 1_u32.into()];
        Ok(!self.0.database.query(&EXPIRED, params).await?.is_empty())
    }

    /// When the next waiting execution wakes by itself; for the engine.
    pub async fn next_wake(&self) -> Result<Option<Timestamp>, Error> {
        let row = self.0.database.query_one(&NEXT_WAKE, Vec::new()).await?;
        Ok(row
            .map(|row| row.optional_int("wake_at"))
            .transpose()?
            .flatten()
            .map(Timestamp::from_micros))
    }
}

fn status(row: &Row) -> Result<Status, Error> {
    let name = row.text("status")?;
    Status::parse(name)
        .ok_or_else(|| Error::inconsistent("executions.status", format!("unknown status {name}")))
}

fn read(row: &Row) -> Result<Execution, Error> {
    let small = |column: &str| {
        u32::try_from(row.int(column)?)
            .map_err(|_| Error::inconsistent(format!("executions.{column}"), "not a small count"))
    };
    Ok(Execution {
        execution_id: ExecutionId::trusted(row.text("execution_id")?),
        intent: Intent {
            intent_id: IntentId::trusted(row.text("intent_id")?),
            intent_type: row.text("intent_type")?.to_owned(),
            tenant_id: TenantId::trusted(row.text("tenant_id")?),
            session_id: SessionId::trusted(row.text("session_id")?),
            solution_id: SolutionId::trusted(row.text("solution_id")?),
            user_id: row.optional_text("user_id")?.map(UserId::trusted),
            parameters: json::read(row, "parameters")?,
            metadata: json::read(row, "metadata")?,
            created_at: Timestamp::from_micros(row.int("created_at")?),
        },
        status: status(row)?,
        attempt: small("attempt")?,
        retries: small("retries")?,
        last_seq: row.count("last_seq")?,
        wait: json::read_optional(row, "wait")?,
        parent: row.optional_text("parent_id")?.map(ExecutionId::trusted),
        result: json::read_optional(row, "result")?,
        failure: json::read_optional(row, "failure")?,
        updated_at: Timestamp::from_micros(row.int("updated_at")?),
    })
}
