//! Uploads: bytes that were stored and wait for an `ingest_file` to claim them. The id, not the digest, is what a client
//! may name, so that knowing a digest gives access to nothing.

use std::time::Duration;

use civitas_model::TenantId;
use civitas_sql::{Error, Statement};
use serde::{Deserialize, Serialize};

use crate::changeset::Refusal;
use crate::store::Store;
use crate::transaction::{Meaning, Stop, Transaction};
use crate::usage;

const INSERT: Statement = Statement::new(include_str!("queries/upload/insert.sql"));
const FIND: Statement = Statement::new(include_str!("queries/upload/find.sql"));
const DELETE: Statement = Statement::new(include_str!("queries/upload/delete.sql"));

/// How long an upload may be claimed. Then it is not found any more, and soon its bytes are freed.
pub const UPLOAD_LIFETIME: Duration = Duration::from_hours(24);

/// Stored bytes that wait to be claimed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// The upload's id.
    pub upload_id: String,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// SHA-256 of the bytes, in hexadecimal.
    pub digest: String,
    /// Size in bytes.
    pub size: u64,
    /// The type by content.
    pub file_type: String,
    /// The media type by content.
    pub mime_type: String,
}

impl Upload {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        usage::reserve(tx, &self.tenant_id, self.size).await?;
        let params = vec![
            self.tenant_id.as_str().into(),
            self.upload_id.as_str().into(),
            self.digest.as_str().into(),
            self.size.into(),
            self.file_type.as_str().into(),
            self.mime_type.as_str().into(),
            tx.now.as_micros().into(),
        ];
        let taken = Refusal::AlreadyExists {
            what: "an upload with this id",
        };
        tx.execute_later(&INSERT, params, Meaning::required(taken))
            .await
    }
}

pub(crate) async fn claim(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    upload_id: &str,
) -> Result<(), Stop> {
    usage::release_upload(tx, tenant, upload_id).await?;
    let params = vec![tenant.as_str().into(), upload_id.into()];
    tx.execute_later(&DELETE, params, Meaning::Nothing).await
}

impl Store {
    /// One upload of a tenant that may still be claimed.
    pub async fn find_upload(
        &self,
        tenant: &TenantId,
        upload_id: &str,
    ) -> Result<Option<Upload>, Error> {
        let since = self.clock().now().minus(UPLOAD_LIFETIME).as_micros();
        let params = vec![tenant.as_str().into(), upload_id.into(), since.into()];
        let Some(row) = self.database.query_one(&FIND, params).await? else {
            return Ok(None);
        };
        Ok(Some(Upload {
            upload_id: row.text("upload_id")?.to_owned(),
            tenant_id: TenantId::trusted(row.text("tenant_id")?),
            digest: row.text("digest")?.to_owned(),
            size: row.count("size")?,
            file_type: row.text("file_type")?.to_owned(),
            mime_type: row.text("mime_type")?.to_owned(),
        }))
    }
}
