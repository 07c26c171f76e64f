//! What people ask of an execution: stop, pause, go on, try again. Each fences off the handler at work, if any.

use civitas_model::execution::{Status, Wait};
use civitas_model::journal::{Kind, NewEntry};
use civitas_model::{ExecutionId, TenantId};
use civitas_sql::{Row, Statement};
use serde_json::json;

use super::advance::{find_status, wake_waiting_on};
use crate::approval;
use crate::changeset::Refusal;
use crate::json;
use crate::notice::Notice;
use crate::outbox;
use crate::transaction::{Stop, Transaction};

const CANCEL: Statement = Statement::new(include_str!("../queries/execution/cancel.sql"));
const PAUSE: Statement = Statement::new(include_str!("../queries/execution/pause.sql"));
const RESUME: Statement = Statement::new(include_str!("../queries/execution/resume.sql"));
const RETRY: Statement = Statement::new(include_str!("../queries/execution/retry.sql"));

/// Which execution is meant, and who asks.
#[derive(Debug, Clone)]
pub struct Request {
    /// Whose.
    pub tenant_id: TenantId,
    /// Which execution.
    pub execution_id: ExecutionId,
    /// Who asks, for the journal.
    pub by: String,
}

/// Stops an execution for good.
#[derive(Debug)]
pub struct Cancel(pub Request);

/// Parks an execution until someone resumes it.
#[derive(Debug)]
pub struct Pause(pub Request);

/// Lets a waiting execution go on now.
#[derive(Debug)]
pub struct Resume(pub Request);

/// Runs a failed or cancelled execution again, from what its journal holds.
#[derive(Debug)]
pub struct Retry(pub Request);

impl Cancel {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let now = tx.now.as_micros();
        let params = [now.into(), now.into(), tenant(&self.0), id(&self.0)];
        let row = tx.query_one(&CANCEL, &params).await?;
        written(tx, &self.0, row, Kind::Cancelled, Status::Cancelled).await?;
        approval::withdraw_of(tx, &self.0.tenant_id, &self.0.execution_id).await?;
        wake_waiting_on(tx, &self.0.tenant_id, &self.0.execution_id).await
    }
}

impl Pause {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let wait = json::text(&Wait::Paused {
            by: self.0.by.clone(),
        })?;
        let params = [
            tx.now.as_micros().into(),
            wait,
            tenant(&self.0),
            id(&self.0),
        ];
        let row = tx.query_one(&PAUSE, &params).await?;
        written(tx, &self.0, row, Kind::Waiting, Status::Waiting).await
    }
}

impl Resume {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let params = [tx.now.as_micros().into(), tenant(&self.0), id(&self.0)];
        let row = tx.query_one(&RESUME, &params).await?;
        written(tx, &self.0, row, Kind::Resumed, Status::Pending).await?;
        tx.notify(Notice::Schedule);
        Ok(())
    }
}

impl Retry {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let params = [tx.now.as_micros().into(), tenant(&self.0), id(&self.0)];
        let row = tx.query_one(&RETRY, &params).await?;
        written(tx, &self.0, row, Kind::RetryRequested, Status::Pending).await?;
        tx.notify(Notice::Schedule);
        Ok(())
    }
}

fn tenant(request: &Request) -> civitas_sql::Val {
    request.tenant_id.as_str().into()
}

fn id(request: &Request) -> civitas_sql::Val {
    request.execution_id.as_str().into()
}

async fn written(
    tx: &mut Transaction<'_>,
    request: &Request,
    row: Option<Row>,
    kind: Kind,
    status: Status,
) -> Result<(), Stop> {
    let Some(row) = row else {
        let found = find_status(tx, &request.tenant_id, &request.execution_id).await?;
        return Err(match found {
            None => Refusal::NotFound { what: "execution" },
            status => Refusal::WrongState { status },
        }
        .into());
    };
    let last_seq = row.count("last_seq")?;
    let entry = NewEntry::new(kind, "", json!({ "by": request.by }));
    outbox::append(
        tx,
        &request.tenant_id,
        request.execution_id.as_str(),
        last_seq,
        &[entry],
    )
    .await?;
    tx.notify(Notice::Execution {
        execution_id: request.execution_id.clone(),
        last_seq,
        status: Some(status),
    });
    Ok(())
}
