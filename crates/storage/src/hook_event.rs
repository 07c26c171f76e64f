//! Events of hooks as they came, for whoever wants to know what a client really said.

use std::time::Duration;

use civitas_model::{TenantId, Timestamp};
use civitas_sql::{Error, Row, Statement};

use crate::changeset::{Change, Refusal};
use crate::store::Store;
use crate::transaction::{Meaning, Stop, Transaction};

const INSERT: Statement = Statement::new(include_str!("queries/hook_event/insert.sql"));
const LIST: Statement = Statement::new(include_str!("queries/hook_event/list.sql"));
const DELETE_OLD: Statement = Statement::new(include_str!("queries/hook_event/delete_old.sql"));

/// How long an event is kept.
const LIFETIME: Duration = Duration::from_hours(7 * 24);
/// Events that one sweep removes, so that no commit takes long.
const SWEPT_MAX: u32 = 20_000;

/// An event as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookEvent {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// The client's session.
    pub session_id: String,
    /// What tells it from others of its session: the same key is the same event.
    pub event_key: String,
    /// Its name.
    pub name: String,
    /// The tool use it is about.
    pub tool_use_id: Option<String>,
    /// Its text, cut to a length.
    pub raw: String,
    /// When it was kept.
    pub created_at: Timestamp,
}

/// Keeps an event; refused with [`Refusal::AlreadyExists`] when it was kept before. Its time is the commit's.
#[derive(Debug)]
pub struct KeepHookEvent(pub Box<HookEvent>);

impl From<KeepHookEvent> for Change {
    fn from(change: KeepHookEvent) -> Self {
        Self::KeepHookEvent(change)
    }
}

impl KeepHookEvent {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let event = &*self.0;
        let params = vec![
            event.tenant_id.as_str().into(),
            event.session_id.as_str().into(),
            event.event_key.as_str().into(),
            event.name.as_str().into(),
            event.tool_use_id.clone().into(),
            event.raw.as_str().into(),
            tx.now.as_micros().into(),
        ];
        let known = Meaning::required(Refusal::AlreadyExists { what: "this event" });
        tx.execute_later(&INSERT, params, known).await
    }
}

pub(crate) async fn delete_old(tx: &mut Transaction<'_>) -> Result<(), Stop> {
    let before = tx.now.minus(LIFETIME).as_micros();
    let params = vec![before.into(), SWEPT_MAX.into()];
    tx.execute_later(&DELETE_OLD, params, Meaning::Nothing)
        .await
}

impl Store {
    /// A page of a session's events in the order in which they came, those after one: its time and its key.
    pub async fn hook_events(
        &self,
        tenant: &TenantId,
        session_id: &str,
        after: (Timestamp, &str),
        limit: u32,
    ) -> Result<Vec<HookEvent>, Error> {
        let params = vec![
            tenant.as_str().into(),
            session_id.into(),
            after.0.as_micros().into(),
            after.1.into(),
            limit.into(),
        ];
        let rows = self.database.query(&LIST, params).await?;
        let read = |row: &Row| {
            Ok(HookEvent {
                tenant_id: tenant.clone(),
                session_id: session_id.to_owned(),
                event_key: row.text("event_key")?.to_owned(),
                name: row.text("name")?.to_owned(),
                tool_use_id: row.optional_text("tool_use_id")?.map(str::to_owned),
                raw: row.text("raw")?.to_owned(),
                created_at: Timestamp::from_micros(row.int("created_at")?),
            })
        };
        rows.iter().map(read).collect()
    }
}
