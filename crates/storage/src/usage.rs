//! Usage: how much every tenant keeps, and how much it may.
//!
//! A file counts with its size, an upload that waits to be taken in with its, and an open upload with what it will bring
//! when it is whole. Two files with the same content count twice, although their bytes are stored once: what a tenant
//! uses is the sum of what it sees listed, and taking one of two equal files away frees as much as its size says. Archived
//! files count, purged ones do not.
//!
//! The count is kept in the changesets that change it, and the quota is a condition of those that make it grow: no two
//! requests together can exceed what one alone could not.

use std::collections::HashMap;

use civitas_model::TenantId;
use civitas_model::file::{File, Status};
use civitas_sql::{Error, Statement, Val};

use crate::changeset::Refusal;
use crate::open_upload::OPEN_UPLOADS_MAX;
use crate::store::Store;
use crate::transaction::{Meaning, Stop, Transaction};

const ENSURE: Statement = Statement::new(include_str!("queries/usage/ensure.sql"));
const RESERVE: Statement = Statement::new(include_str!("queries/usage/reserve.sql"));
const RELEASE: Statement = Statement::new(include_str!("queries/usage/release.sql"));
const COUNT_FILE: Statement = Statement::new(include_str!("queries/usage/count_file.sql"));
const RELEASE_UPLOAD: Statement = Statement::new(include_str!("queries/usage/release_upload.sql"));
const FIND: Statement = Statement::new(include_str!("queries/usage/find.sql"));
const FORGET: Statement = Statement::new(include_str!("queries/usage/forget.sql"));
const RECOUNT: Statement = Statement::new(include_str!("queries/usage/recount.sql"));

/// How much a tenant may keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// The sizes of its files together, in bytes.
    pub bytes: u64,
    /// How many files.
    pub files: u64,
}

impl Quota {
    /// No bound.
    pub const UNLIMITED: Self = Self {
        bytes: u64::MAX,
        files: u64::MAX,
    };
}

/// How much each tenant may keep.
#[derive(Debug, Clone)]
pub struct Quotas {
    /// Every tenant without a quota of its own.
    pub default: Quota,
    /// Tenants with a quota of their own.
    pub tenants: HashMap<TenantId, Quota>,
    /// Uploads of one tenant that are open at the same time.
    pub open_uploads: u64,
}

impl Quotas {
    /// No bounds but the usual one on open uploads.
    pub fn unlimited() -> Self {
        Self {
            default: Quota::UNLIMITED,
            tenants: HashMap::new(),
            open_uploads: OPEN_UPLOADS_MAX,
        }
    }

    /// A tenant's quota.
    pub fn of(&self, tenant: &TenantId) -> Quota {
        self.tenants.get(tenant).copied().unwrap_or(self.default)
    }
}

/// How much a tenant keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// The sizes of its files together, in bytes.
    pub bytes: u64,
    /// How many files.
    pub files: u64,
}

/// How much may be used already for `size` bytes more to fit; less than nothing when they cannot.
fn room(quota: Quota, size: u64) -> Val {
    let bytes = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    Val::Int(bytes(quota.bytes) - bytes(size))
}

async fn ensure(tx: &mut Transaction<'_>, tenant: &TenantId) -> Result<(), Stop> {
    let params = vec![tenant.as_str().into()];
    tx.execute_later(&ENSURE, params, Meaning::Nothing).await
}

/// Counts one more of `size` bytes; refused with [`Refusal::OverQuota`] when there is no room for it.
pub(crate) async fn reserve(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    size: u64,
) -> Result<(), Stop> {
    let quota = tx.quota(tenant);
    ensure(tx, tenant).await?;
    let params = vec![
        size.into(),
        tenant.as_str().into(),
        room(quota, size),
        quota.files.into(),
    ];
    tx.execute_later(&RESERVE, params, Meaning::required(Refusal::OverQuota))
        .await
}

/// Counts one of `size` bytes less.
pub(crate) async fn release(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    size: u64,
) -> Result<(), Stop> {
    let params = vec![size.into(), tenant.as_str().into()];
    tx.execute_later(&RELEASE, params, Meaning::Nothing).await
}

/// Counts what putting a file changes: one more, one less, or nothing. Called before it is put.
pub(crate) async fn count_file(tx: &mut Transaction<'_>, file: &File) -> Result<(), Stop> {
    let quota = tx.quota(&file.tenant_id);
    ensure(tx, &file.tenant_id).await?;
    let tenant = || file.tenant_id.as_str().into();
    let params = vec![
        file.size.into(),
        i64::from(file.status != Status::Purged).into(),
        tenant(),
        file.file_id.as_str().into(),
        tenant(),
        room(quota, file.size),
        quota.files.into(),
    ];
    tx.execute_later(&COUNT_FILE, params, Meaning::required(Refusal::OverQuota))
        .await
}

/// Counts an upload that waits no longer. Called before its row goes; a note that content lost a use counts for nothing.
pub(crate) async fn release_upload(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    upload_id: &str,
) -> Result<(), Stop> {
    let tenant = || tenant.as_str().into();
    let params = vec![tenant(), upload_id.into(), tenant()];
    tx.execute_later(&RELEASE_UPLOAD, params, Meaning::Nothing)
        .await
}

/// Counts two tenants anew, after things moved from one to the other.
pub(crate) async fn recount(
    tx: &mut Transaction<'_>,
    one: &TenantId,
    other: &TenantId,
) -> Result<(), Stop> {
    let both: [Val; 2] = [one.as_str().into(), other.as_str().into()];
    tx.execute_later(&FORGET, both.to_vec(), Meaning::Nothing)
        .await?;
    let thrice = both.iter().cycle().take(6).cloned().collect();
    tx.execute_later(&RECOUNT, thrice, Meaning::Nothing).await
}

impl Store {
    /// How much a tenant keeps.
    pub async fn usage(&self, tenant: &TenantId) -> Result<Usage, Error> {
        let params = vec![tenant.as_str().into()];
        let Some(row) = self.database.query_one(&FIND, params).await? else {
            return Ok(Usage::default());
        };
        Ok(Usage {
            bytes: row.count("bytes")?,
            files: row.count("files")?,
        })
    }

    /// How much a tenant may keep.
    pub fn quota(&self, tenant: &TenantId) -> Quota {
        self.quotas.of(tenant)
    }

    /// How many uploads a tenant may have open.
    pub fn open_uploads_max(&self) -> u64 {
        self.quotas.open_uploads
    }
}
