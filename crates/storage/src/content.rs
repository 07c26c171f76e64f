//! Content: which blobs are still needed, and which may be freed.
//!
//! A blob is needed by a file, by an upload somebody may still claim, by an artifact, or by an execution that has not
//! completed and whose journal names it. Whatever stops needing one leaves a note, in the same commit: an upload that
//! ran out is its own note, and [`Write::ReleaseContent`](civitas_model::Write) is one that nobody can claim. The note goes only after the blob, so a
//! crash in between frees it again instead of forgetting it.

use civitas_model::{TenantId, Timestamp};
use civitas_sql::{Error, Row, Statement, Val};

use crate::store::Store;
use crate::transaction::{Meaning, Stop, Transaction};
use crate::upload::UPLOAD_LIFETIME;

const RELEASE: Statement = Statement::new(include_str!("queries/content/release.sql"));
const RELEASED: Statement = Statement::new(include_str!("queries/content/released.sql"));
const COUNT_USES: Statement = Statement::new(include_str!("queries/content/count_uses.sql"));
const COUNT_JOURNALS: Statement =
    Statement::new(include_str!("queries/content/count_journals.sql"));

/// A note that a blob lost a use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    /// Whose blob.
    pub tenant_id: TenantId,
    /// The note's id: the upload's, for one that ran out, else the digest. A note is removed like a claimed upload.
    pub upload_id: String,
    /// The blob's digest.
    pub digest: String,
}

/// What still needs a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing.
    None,
    /// An execution that has not completed; it leaves no note when it ends.
    Execution,
    /// A file, an upload or an artifact; each leaves a note when it goes.
    Kept,
}

/// Writes the note. Its id is the digest, which cannot be an upload's id: that is a UUID.
pub(crate) async fn release(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    digest: &str,
) -> Result<(), Stop> {
    let params = vec![tenant.as_str().into(), digest.into(), digest.into()];
    tx.execute_later(&RELEASE, params, Meaning::Nothing).await
}

impl Store {
    /// A page of the notes about blobs that lost a use, of every tenant, in a fixed order; uploads that ran out before
    /// `before` are among them. `after` is the last of the page before.
    pub async fn released(
        &self,
        before: Timestamp,
        after: Option<&Released>,
        limit: u32,
    ) -> Result<Vec<Released>, Error> {
        let (tenant, upload) = after.map_or(("", ""), |last| {
            (last.tenant_id.as_str(), last.upload_id.as_str())
        });
        let created_before = before.minus(UPLOAD_LIFETIME).as_micros();
        let params = vec![
            created_before.into(),
            tenant.into(),
            upload.into(),
            limit.into(),
        ];
        let rows = self.database.query(&RELEASED, params).await?;
        rows.iter().map(read).collect()
    }

    /// What still needs a tenant's blob of this digest.
    pub async fn need_of(&self, tenant: &TenantId, digest: &str) -> Result<Need, Error> {
        let claimable_since = self.clock().now().minus(UPLOAD_LIFETIME).as_micros();
        let tenant: Val = tenant.as_str().into();
        // A digest holds no character that means something in a pattern.
        let named: Val = format!("%{digest}%").into();
        let params = vec![
            tenant.clone(),
            digest.into(),
            tenant.clone(),
            digest.into(),
            claimable_since.into(),
            tenant.clone(),
            named.clone(),
        ];
        let count = |row: Option<Row>| row.map_or(Ok(0), |row| row.count("count"));
        if count(self.database.query_one(&COUNT_USES, params).await?)? > 0 {
            return Ok(Need::Kept);
        }
        let params = vec![tenant, named];
        Ok(
            match count(self.database.query_one(&COUNT_JOURNALS, params).await?)? {
                0 => Need::None,
                _ => Need::Execution,
            },
        )
    }
}

fn read(row: &Row) -> Result<Released, Error> {
    Ok(Released {
        tenant_id: TenantId::trusted(row.text("tenant_id")?),
        upload_id: row.text("upload_id")?.to_owned(),
        digest: row.text("digest")?.to_owned(),
    })
}
