//! Idempotency keys: which submission a client's key stands for.

use civitas_model::{ExecutionId, IntentId, TenantId, Timestamp};
use civitas_sql::Statement;

use crate::execution::{Idempotency, Submit};
use crate::transaction::{Meaning, Stop, Transaction};

const FIND: Statement = Statement::new(include_str!("queries/idempotency/find.sql"));
const INSERT: Statement = Statement::new(include_str!("queries/idempotency/insert.sql"));
const DELETE_OLD: Statement = Statement::new(include_str!("queries/idempotency/delete_old.sql"));

/// A key that was used.
pub(crate) struct Used {
    pub(crate) body_digest: String,
    pub(crate) execution_id: ExecutionId,
    pub(crate) intent_id: IntentId,
    pub(crate) created_at: Timestamp,
}

pub(crate) async fn find(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    key: &str,
) -> Result<Option<Used>, Stop> {
    let Some(row) = tx
        .query_one(&FIND, &[tenant.as_str().into(), key.into()])
        .await?
    else {
        return Ok(None);
    };
    Ok(Some(Used {
        body_digest: row.text("body_digest")?.to_owned(),
        execution_id: ExecutionId::trusted(row.text("execution_id")?),
        intent_id: IntentId::trusted(row.text("intent_id")?),
        created_at: Timestamp::from_micros(row.int("created_at")?),
    }))
}

pub(crate) async fn insert(
    tx: &mut Transaction<'_>,
    submit: &Submit,
    idempotency: &Idempotency,
) -> Result<(), Stop> {
    let params = vec![
        submit.intent.tenant_id.as_str().into(),
        idempotency.key.as_str().into(),
        idempotency.body_digest.as_str().into(),
        submit.execution_id.as_str().into(),
        submit.intent.intent_id.as_str().into(),
        submit.intent.created_at.as_micros().into(),
    ];
    tx.execute_later(&INSERT, params, Meaning::Nothing).await
}

pub(crate) async fn delete_old(tx: &mut Transaction<'_>, before: Timestamp) -> Result<(), Stop> {
    tx.execute_later(
        &DELETE_OLD,
        vec![before.as_micros().into()],
        Meaning::Nothing,
    )
    .await
}
