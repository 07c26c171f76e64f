//! Pending intents: work prepared for an artifact.

use civitas_model::pending::{PendingIntent, Status};
use civitas_model::{ArtifactId, IntentId, SessionId, TenantId, Timestamp, UserId};
use civitas_sql::{Error, Row, Select, Statement};

use crate::json;
use crate::store::Store;
use crate::transaction::{Meaning, Stop, Transaction};

const PUT: Statement = Statement::new(include_str!("queries/pending_intent/put.sql"));
const LIST: &str = include_str!("queries/pending_intent/list.sql");

pub(crate) async fn put(tx: &mut Transaction<'_>, pending: &PendingIntent) -> Result<(), Stop> {
    let params = vec![
        pending.tenant_id.as_str().into(),
        pending.intent_id.as_str().into(),
        pending.intent_type.as_str().into(),
        pending.target_artifact_id.as_str().into(),
        json::text(&pending.context)?,
        pending.status.as_str().into(),
        pending
            .user_id
            .as_ref()
            .map(civitas_model::Id::as_str)
            .into(),
        pending
            .session_id
            .as_ref()
            .map(civitas_model::Id::as_str)
            .into(),
        pending.created_at.as_micros().into(),
        pending.updated_at.as_micros().into(),
    ];
    tx.execute_later(&PUT, params, Meaning::Nothing).await
}

/// Which pending intents to list.
#[derive(Debug, Clone, Default)]
pub struct PendingIntentFilter {
    /// Only for this artifact.
    pub target_artifact_id: Option<ArtifactId>,
    /// Only of this type.
    pub intent_type: Option<String>,
    /// Only in this state.
    pub status: Option<Status>,
}

impl Store {
    /// A tenant's pending intents, newest first.
    pub async fn list_pending_intents(
        &self,
        tenant: &TenantId,
        filter: &PendingIntentFilter,
        limit: u32,
    ) -> Result<Vec<PendingIntent>, Error> {
        let target = filter
            .target_artifact_id
            .as_ref()
            .map(civitas_model::Id::as_str);
        let select = Select::new(LIST)
            .filter("tenant_id = ?", tenant.as_str())
            .filter_some("target_artifact_id = ?", target)
            .filter_some("intent_type = ?", filter.intent_type.as_deref())
            .filter_some("status = ?", filter.status.map(Status::as_str))
            .tail(
                "ORDER BY created_at DESC, intent_id DESC LIMIT ?",
                vec![limit.into()],
            );
        self.database
            .select(&select)
            .await?
            .iter()
            .map(read)
            .collect()
    }
}

fn read(row: &Row) -> Result<PendingIntent, Error> {
    let status = row.text("status")?;
    Ok(PendingIntent {
        intent_id: IntentId::trusted(row.text("intent_id")?),
        tenant_id: TenantId::trusted(row.text("tenant_id")?),
        intent_type: row.text("intent_type")?.to_owned(),
        target_artifact_id: ArtifactId::trusted(row.text("target_artifact_id")?),
        context: json::read(row, "context")?,
        status: Status::parse(status).ok_or_else(|| {
            Error::inconsistent("pending_intents.status", format!("unknown status {status}"))
        })?,
        user_id: row.optional_text("user_id")?.map(UserId::trusted),
        session_id: row.optional_text("session_id")?.map(SessionId::trusted),
        created_at: Timestamp::from_micros(row.int("created_at")?),
        updated_at: Timestamp::from_micros(row.int("updated_at")?),
    })
}
