//! Service tokens: credentials of machines.

use civitas_model::{Permission, TenantId, Timestamp};
use civitas_sql::{Error, Row, Statement};
use serde::Serialize;

use crate::changeset::{Change, Refusal};
use crate::json;
use crate::store::Store;
use crate::transaction::{Stop, Transaction};

const INSERT: Statement = Statement::new(include_str!("queries/service_token/insert.sql"));
const FIND_BY_DIGEST: Statement =
    Statement::new(include_str!("queries/service_token/find_by_digest.sql"));
const LIST: Statement = Statement::new(include_str!("queries/service_token/list.sql"));
const REVOKE: Statement = Statement::new(include_str!("queries/service_token/revoke.sql"));
const TOUCH: Statement = Statement::new(include_str!("queries/service_token/touch.sql"));

/// A service token. The token itself is with the machine only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceToken {
    /// Its id, by which it is revoked.
    pub token_id: String,
    /// The tenant it acts in.
    pub tenant_id: TenantId,
    /// What it is for, in its maker's words.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Permission>,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// Until when it counts.
    pub expires_at: Timestamp,
    /// When it was last used, to within a minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A change of service tokens.
#[derive(Debug)]
pub enum ServiceTokenChange {
    /// Adds one.
    Insert {
        /// The digest of its secret.
        digest: String,
        /// The token.
        token: ServiceToken,
    },
    /// Revokes one of a tenant; refused when there is none, or it was revoked before.
    Revoke {
        /// The tenant.
        tenant_id: TenantId,
        /// The token's id.
        token_id: String,
    },
    /// Notes that it was used.
    Touch {
        /// The token's id.
        token_id: String,
    },
}

impl From<ServiceTokenChange> for Change {
    fn from(change: ServiceTokenChange) -> Self {
        Self::ServiceToken(Box::new(change))
    }
}

impl ServiceTokenChange {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let now = tx.now.as_micros();
        match self {
            Self::Insert { digest, token } => {
                let params = [
                    token.token_id.as_str().into(),
                    digest.as_str().into(),
                    token.tenant_id.as_str().into(),
                    token.name.as_str().into(),
                    json::text(&token.scopes)?,
                    token.created_by.as_str().into(),
                    token.created_at.as_micros().into(),
                    token.expires_at.as_micros().into(),
                ];
                tx.execute(&INSERT, params.into()).await?;
            }
            Self::Revoke {
                tenant_id,
                token_id,
            } => {
                let params = [
                    now.into(),
                    tenant_id.as_str().into(),
                    token_id.as_str().into(),
                ];
                if tx.execute(&REVOKE, params.into()).await? == 0 {
                    return Err(Refusal::NotFound {
                        what: "service token",
                    }
                    .into());
                }
            }
            Self::Touch { token_id } => {
                tx.execute(&TOUCH, vec![now.into(), token_id.as_str().into()])
                    .await?;
            }
        }
        Ok(())
    }
}

/// Readings of service tokens.
pub struct ServiceTokens<'a>(&'a Store);

impl Store {
    /// Readings of service tokens.
    pub const fn service_tokens(&self) -> ServiceTokens<'_> {
        ServiceTokens(self)
    }
}

impl ServiceTokens<'_> {
    /// The token with this digest, whatever became of it and whosever it is: this is how the tenant is found out.
    pub async fn find_by_digest(&self, digest: &str) -> Result<Option<ServiceToken>, Error> {
        let params = vec![digest.into()];
        let row = self.0.database.query_one(&FIND_BY_DIGEST, params).await?;
        row.as_ref().map(read).transpose()
    }

    /// A page of a tenant's tokens, newest first, with those that were revoked.
    pub async fn list(
        &self,
        tenant: &TenantId,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<ServiceToken>, Error> {
        let params = vec![tenant.as_str().into(), limit.into(), offset.into()];
        let rows = self.0.database.query(&LIST, params).await?;
        rows.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<ServiceToken, Error> {
    Ok(ServiceToken {
        token_id: row.text("token_id")?.to_owned(),
        tenant_id: TenantId::trusted(row.text("tenant_id")?),
        name: row.text("name")?.to_owned(),
        scopes: json::read(row, "scopes")?,
        created_by: row.text("created_by")?.to_owned(),
        created_at: Timestamp::from_micros(row.int("created_at")?),
        expires_at: Timestamp::from_micros(row.int("expires_at")?),
        last_used_at: row
            .optional_int("last_used_at")?
            .map(Timestamp::from_micros),
        revoked_at: row.optional_int("revoked_at")?.map(Timestamp::from_micros),
    })
}
