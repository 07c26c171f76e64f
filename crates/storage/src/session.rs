//! Sessions and what is kept with them.

use civitas_model::{Session, SessionId, TenantId, Timestamp, UserId};
use civitas_sql::{Error, Row, Statement};
use serde_json::{Map, Value};

use crate::adoption;
use crate::changeset::{Change, Refusal};
use crate::json;
use crate::store::Store;
use crate::transaction::{Meaning, Stop, Transaction};

const INSERT: Statement = Statement::new(include_str!("queries/session/insert.sql"));
const FIND: Statement = Statement::new(include_str!("queries/session/find.sql"));
const UPGRADE: Statement = Statement::new(include_str!("queries/session/upgrade.sql"));
const SET_STATE: Statement = Statement::new(include_str!("queries/session/set_state.sql"));
const FIND_BY_SECRET: Statement =
    Statement::new(include_str!("queries/session/find_by_secret.sql"));
const EXTEND: Statement = Statement::new(include_str!("queries/session/extend.sql"));
const END: Statement = Statement::new(include_str!("queries/session/end.sql"));
const DELETE_EXPIRED: Statement =
    Statement::new(include_str!("queries/session/delete_expired.sql"));

/// Opens a session; refused when its id is taken.
#[derive(Debug)]
pub struct NewSession(pub Session);

/// Gives an anonymous session to a user, with everything that lies in its tenant. The ids stay, the secret goes.
///
/// Refused with [`Refusal::StillRunning`] while an execution of that tenant is pending or running.
#[derive(Debug, Clone)]
pub struct Upgrade {
    /// The session.
    pub session_id: SessionId,
    /// The tenant that is the session's alone, and empty afterwards.
    pub from: TenantId,
    /// The digests of what is stored for that tenant: the user's tenant has it too, so a note says that it may be freed.
    pub content: Vec<String>,
    /// The user's tenant.
    pub tenant_id: TenantId,
    /// The user.
    pub user_id: UserId,
    /// The metadata, merged.
    pub metadata: Value,
    /// When it ends now.
    pub expires_at: Timestamp,
}

/// When a session ends.
#[derive(Debug)]
pub enum SessionEnd {
    /// Later, while its user goes on. Nothing happens when it has ended or is someone else's.
    Extend {
        /// The session.
        session_id: SessionId,
        /// Whose it must be.
        user_id: UserId,
        /// When it ends now.
        expires_at: Timestamp,
    },
    /// Now.
    Now {
        /// The session.
        session_id: SessionId,
    },
}

impl From<NewSession> for Change {
    fn from(change: NewSession) -> Self {
        Self::OpenSession(Box::new(change))
    }
}

impl From<Upgrade> for Change {
    fn from(change: Upgrade) -> Self {
        Self::UpgradeSession(Box::new(change))
    }
}

impl From<SessionEnd> for Change {
    fn from(change: SessionEnd) -> Self {
        Self::EndSession(change)
    }
}

impl SessionEnd {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let now = tx.now.as_micros();
        match self {
            Self::Extend {
                session_id,
                user_id,
                expires_at,
            } => {
                let params = [
                    expires_at.as_micros().into(),
                    session_id.as_str().into(),
                    user_id.as_str().into(),
                    now.into(),
                ];
                tx.execute(&EXTEND, params.into()).await?;
            }
            Self::Now { session_id } => {
                let params = [now.into(), session_id.as_str().into(), now.into()];
                tx.execute(&END, params.into()).await?;
            }
        }
        Ok(())
    }
}

impl NewSession {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let session = &self.0;
        let params = vec![
            session.session_id.as_str().into(),
            session.tenant_id.as_str().into(),
            session
                .user_id
                .as_ref()
                .map(civitas_model::Id::as_str)
                .into(),
            session.secret_digest.as_deref().into(),
            json::text(&session.metadata)?,
            json::text(&session.state)?,
            session.created_at.as_micros().into(),
            session.upgraded_at.map(Timestamp::as_micros).into(),
            session.expires_at.as_micros().into(),
        ];
        let taken = Refusal::AlreadyExists {
            what: "a session with this id",
        };
        tx.execute_later(&INSERT, params, Meaning::required(taken))
            .await
    }
}

impl Upgrade {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let params = vec![
            self.tenant_id.as_str().into(),
            self.user_id.as_str().into(),
            json::text(&self.metadata)?,
            tx.now.as_micros().into(),
            self.expires_at.as_micros().into(),
            self.session_id.as_str().into(),
            self.from.as_str().into(),
        ];
        let missing = Refusal::NotFound {
            what: "anonymous session",
        };
        tx.execute_later(&UPGRADE, params, Meaning::required(missing))
            .await?;
        adoption::adopt(tx, self).await
    }
}

pub(crate) async fn set_state(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    session: &SessionId,
    key: &str,
    value: &Value,
) -> Result<(), Stop> {
    let row = tx.query_one(&FIND, &[session.as_str().into()]).await?;
    let found = row
        .as_ref()
        .map(read)
        .transpose()?
        .filter(|found| found.tenant_id == *tenant);
    // An intent may run under a session id that only its client knows: then there is nowhere to keep this.
    let Some(found) = found else { return Ok(()) };
    let mut state = match found.state {
        Value::Object(state) => state,
        _ => Map::new(),
    };
    if value.is_null() {
        state.remove(key);
    } else {
        state.insert(key.to_owned(), value.clone());
    }
    let params = vec![
        json::text(&state)?,
        session.as_str().into(),
        tenant.as_str().into(),
    ];
    tx.execute_later(&SET_STATE, params, Meaning::Nothing).await
}

pub(crate) async fn delete_expired(tx: &mut Transaction<'_>) -> Result<(), Stop> {
    let params = vec![tx.now.as_micros().into()];
    tx.execute_later(&DELETE_EXPIRED, params, Meaning::Nothing)
        .await
}

impl Store {
    /// A session by its id, whoever's it is: the caller must check the owner before showing it.
    pub async fn find_session(&self, session: &SessionId) -> Result<Option<Session>, Error> {
        let row = self
            .database
            .query_one(&FIND, vec![session.as_str().into()])
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// The session whose secret has this digest.
    pub async fn find_session_by_secret(&self, digest: &str) -> Result<Option<Session>, Error> {
        let params = vec![digest.into()];
        let row = self.database.query_one(&FIND_BY_SECRET, params).await?;
        row.as_ref().map(read).transpose()
    }
}

fn read(row: &Row) -> Result<Session, Error> {
    Ok(Session {
        session_id: SessionId::trusted(row.text("session_id")?),
        tenant_id: TenantId::trusted(row.text("tenant_id")?),
        user_id: row.optional_text("user_id")?.map(UserId::trusted),
        secret_digest: row.optional_text("secret_digest")?.map(str::to_owned),
        metadata: json::read(row, "metadata")?,
        state: json::read(row, "state")?,
        created_at: Timestamp::from_micros(row.int("created_at")?),
        upgraded_at: row.optional_int("upgraded_at")?.map(Timestamp::from_micros),
        expires_at: Timestamp::from_micros(row.int("expires_at")?),
    })
}
