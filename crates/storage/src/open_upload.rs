//! Open uploads: bytes that arrive in pieces, over breaks of the connection and restarts of the node.
//!
//! A row says how much was received durably; the bytes lie beside the blobs. An open upload holds room for all it will
//! bring from its beginning on. Once it is whole its bytes are an [`Upload`](crate::Upload) like any other, and the row
//! stays for a while, so that a client that missed the answer learns what became of it.

use std::time::Duration;

use civitas_model::{Caller, ExecutionId, SessionId, TenantId, Timestamp, UserId};
use civitas_sql::{Error, Row, Statement};
use serde_json::Value;

use crate::changeset::{Change, Refusal};
use crate::store::Store;
use crate::transaction::{Meaning, Stop, Transaction};
use crate::{content, json, usage};

const INSERT: Statement = Statement::new(include_str!("queries/open_upload/insert.sql"));
const COUNT: Statement = Statement::new(include_str!("queries/open_upload/count.sql"));
const FIND: Statement = Statement::new(include_str!("queries/open_upload/find.sql"));
const EXPIRED: Statement = Statement::new(include_str!("queries/open_upload/expired.sql"));
const ADVANCE: Statement = Statement::new(include_str!("queries/open_upload/advance.sql"));
const COMPLETE: Statement = Statement::new(include_str!("queries/open_upload/complete.sql"));
const SUBMITTED: Statement = Statement::new(include_str!("queries/open_upload/submitted.sql"));
const DELETE: Statement = Statement::new(include_str!("queries/open_upload/delete.sql"));

/// How long an upload stays open after its last bytes.
pub const OPEN_UPLOAD_LIFETIME: Duration = Duration::from_hours(24);
/// Uploads of one tenant that are open at the same time, at most, unless [`Quotas`](crate::Quotas) say otherwise.
pub const OPEN_UPLOADS_MAX: u64 = 1000;

/// An upload that is open, or was until lately.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenUpload {
    /// Its id, and that of the upload it becomes.
    pub upload_id: String,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Who may go on with it, as [`OpenUpload::owner_of`] says.
    pub owner: String,
    /// The session it was begun in, when one was named.
    pub session_id: Option<SessionId>,
    /// The parameters of its `ingest_file`, but for the upload's id.
    pub parameters: Value,
    /// How many bytes it will have.
    pub length: u64,
    /// How many of them are durable.
    pub received: u64,
    /// SHA-256 of all bytes as the client says.
    pub stated_digest: Option<String>,
    /// SHA-256 of all bytes, once they were received.
    pub digest: Option<String>,
    /// The execution that takes it in.
    pub execution_id: Option<ExecutionId>,
    /// Whether its bytes are stored as an upload.
    pub is_complete: bool,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

impl OpenUpload {
    /// Who may go on with what this caller begins.
    pub fn owner_of(caller: &Caller) -> String {
        match (&caller.user_id, &caller.session_id) {
            (Some(user), _) => user_owner(user),
            (None, Some(session)) => format!("session:{session}"),
            (None, None) => format!("{}:{}", caller.kind.as_str(), caller.name),
        }
    }
}

/// The owner that a user is.
pub(crate) fn user_owner(user: &UserId) -> String {
    format!("user:{user}")
}

/// A change of open uploads.
#[derive(Debug)]
pub enum OpenUploadChange {
    /// Begins one, and takes room for all of it; refused when there is none, or when too many are open.
    Begin(Box<OpenUpload>),
    /// More of it is durable; refused unless exactly `from` bytes were.
    Advance {
        /// Whose it is.
        tenant_id: TenantId,
        /// Which.
        upload_id: String,
        /// How many bytes were durable.
        from: u64,
        /// How many are.
        received: u64,
        /// The digest, once all are.
        digest: Option<String>,
    },
    /// Its bytes are stored; refused when they were before. Its room is given back, so an upload goes into the same
    /// changeset.
    Complete {
        /// Whose it is.
        tenant_id: TenantId,
        /// Which.
        upload_id: String,
        /// How many bytes it has.
        length: u64,
    },
    /// Its intent was accepted.
    Submitted {
        /// Whose it is.
        tenant_id: TenantId,
        /// Which.
        upload_id: String,
        /// The execution.
        execution_id: ExecutionId,
    },
    /// Forgets it, gives back its room, and notes that its content may be freed.
    Remove {
        /// Whose it is.
        tenant_id: TenantId,
        /// Which.
        upload_id: String,
    },
}

impl From<OpenUploadChange> for Change {
    fn from(change: OpenUploadChange) -> Self {
        Self::OpenUpload(change)
    }
}

impl OpenUploadChange {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        match self {
            Self::Begin(upload) => begin(tx, upload).await,
            Self::Advance {
                tenant_id,
                upload_id,
                from,
                received,
                digest,
            } => {
                let expires_at = tx.now.plus(OPEN_UPLOAD_LIFETIME);
                let params = vec![
                    (*received).into(),
                    digest.clone().into(),
                    expires_at.as_micros().into(),
                    tenant_id.as_str().into(),
                    upload_id.as_str().into(),
                    (*from).into(),
                ];
                tx.execute_later(&ADVANCE, params, changed()).await
            }
            Self::Complete {
                tenant_id,
                upload_id,
                length,
            } => {
                let params = vec![
                    tx.now.as_micros().into(),
                    tenant_id.as_str().into(),
                    upload_id.as_str().into(),
                ];
                tx.execute_later(&COMPLETE, params, changed()).await?;
                usage::release(tx, tenant_id, *length).await
            }
            Self::Submitted {
                tenant_id,
                upload_id,
                execution_id,
            } => {
                let params = vec![
                    execution_id.as_str().into(),
                    tenant_id.as_str().into(),
                    upload_id.as_str().into(),
                ];
                tx.execute_later(&SUBMITTED, params, Meaning::Nothing).await
            }
            Self::Remove {
                tenant_id,
                upload_id,
            } => remove(tx, tenant_id, upload_id).await,
        }
    }
}

fn changed() -> Meaning {
    Meaning::required(Refusal::Changed { what: "the upload" })
}

async fn begin(tx: &mut Transaction<'_>, upload: &OpenUpload) -> Result<(), Stop> {
    let tenant = || upload.tenant_id.as_str().into();
    let row = tx.query_one(&COUNT, &[tenant()]).await?;
    let open = row.map_or(Ok(0), |row| row.count("count"))?;
    if open >= tx.open_uploads_max() {
        return Err(Refusal::TooManyOpenUploads.into());
    }
    usage::reserve(tx, &upload.tenant_id, upload.length).await?;
    let params = vec![
        tenant(),
        upload.upload_id.as_str().into(),
        upload.owner.as_str().into(),
        upload
            .session_id
            .as_ref()
            .map(civitas_model::Id::as_str)
            .into(),
        json::text(&upload.parameters)?,
        upload.length.into(),
        upload.stated_digest.clone().into(),
        tx.now.as_micros().into(),
        upload.expires_at.as_micros().into(),
    ];
    let taken = Refusal::AlreadyExists {
        what: "an upload with this id",
    };
    tx.execute_later(&INSERT, params, Meaning::required(taken))
        .await
}

async fn remove(tx: &mut Transaction<'_>, tenant: &TenantId, upload_id: &str) -> Result<(), Stop> {
    let key = [tenant.as_str().into(), upload_id.into()];
    let Some(row) = tx.query_one(&FIND, &key).await? else {
        return Ok(());
    };
    let found = read(&row)?;
    tx.execute_later(&DELETE, key.into(), Meaning::Nothing)
        .await?;
    if found.is_complete {
        return Ok(());
    }
    usage::release(tx, tenant, found.length).await?;
    match &found.digest {
        // It may have its name in the store already, and nothing else knows of it.
        Some(digest) => content::release(tx, tenant, digest).await,
        None => Ok(()),
    }
}

impl Store {
    /// One open upload of a tenant; one that has run out is found until it is swept.
    pub async fn find_open_upload(
        &self,
        tenant: &TenantId,
        upload_id: &str,
    ) -> Result<Option<OpenUpload>, Error> {
        let params = vec![tenant.as_str().into(), upload_id.into()];
        let row = self.database.query_one(&FIND, params).await?;
        row.as_ref().map(read).transpose()
    }

    /// Open uploads of every tenant that ran out before a time, those that did so first first.
    pub async fn expired_uploads(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<OpenUpload>, Error> {
        let params = vec![before.as_micros().into(), limit.into()];
        let rows = self.database.query(&EXPIRED, params).await?;
        rows.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<OpenUpload, Error> {
    let text = |column| Ok::<_, Error>(row.optional_text(column)?.map(str::to_owned));
    Ok(OpenUpload {
        upload_id: row.text("upload_id")?.to_owned(),
        tenant_id: TenantId::trusted(row.text("tenant_id")?),
        owner: row.text("owner")?.to_owned(),
        session_id: text("session_id")?.map(SessionId::trusted),
        parameters: json::read(row, "parameters")?,
        length: row.count("length")?,
        received: row.count("received")?,
        stated_digest: text("stated_digest")?,
        digest: text("digest")?,
        execution_id: text("execution_id")?.map(ExecutionId::trusted),
        is_complete: row.optional_int("completed_at")?.is_some(),
        expires_at: Timestamp::from_micros(row.int("expires_at")?),
    })
}
