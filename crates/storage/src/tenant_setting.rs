//! Settings of tenants: what one states once, and which version of it holds.

use civitas_model::{TenantId, Timestamp};
use civitas_sql::{Error, Row, Statement};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::changeset::{Change, Refusal};
use crate::json;
use crate::store::Store;
use crate::transaction::{Meaning, Stop, Transaction};

const FIND: Statement = Statement::new(include_str!("queries/tenant_setting/find.sql"));
const PUT: Statement = Statement::new(include_str!("queries/tenant_setting/put.sql"));

/// What a tenant states.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TenantSetting {
    /// 1 when it was first stated, one more with every change.
    pub version: u64,
    /// What it states; whoever reads it knows the shape.
    pub value: Value,
    /// Who changed it last: an e-mail address, a token's name.
    pub changed_by: String,
    /// When.
    pub changed_at: Timestamp,
}

/// States something, in place of what the tenant stated before.
#[derive(Debug)]
pub struct PutTenantSetting {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Its name.
    pub name: &'static str,
    /// What is stated.
    pub value: Value,
    /// Who states it.
    pub changed_by: String,
    /// The version that it was decided on, 0 for none; refused with [`Refusal::Changed`] when another holds by now.
    pub expected: Option<u64>,
}

impl From<PutTenantSetting> for Change {
    fn from(change: PutTenantSetting) -> Self {
        Self::TenantSetting(change)
    }
}

impl PutTenantSetting {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        if let Some(expected) = self.expected {
            let key = [self.tenant_id.as_str().into(), self.name.into()];
            let row = tx.query_one(&FIND, &key).await?;
            let version = row.map_or(Ok(0), |row| row.count("version"))?;
            if version != expected {
                let what = "what your tenant states";
                return Err(Refusal::Changed { what }.into());
            }
        }
        let params = vec![
            self.tenant_id.as_str().into(),
            self.name.into(),
            json::text(&self.value)?,
            self.changed_by.as_str().into(),
            tx.now.as_micros().into(),
        ];
        tx.execute_later(&PUT, params, Meaning::Nothing).await
    }
}

impl Store {
    /// What a tenant states under a name, if it ever did.
    pub async fn find_tenant_setting(
        &self,
        tenant: &TenantId,
        name: &str,
    ) -> Result<Option<TenantSetting>, Error> {
        let params = vec![tenant.as_str().into(), name.into()];
        let row = self.database.query_one(&FIND, params).await?;
        row.as_ref().map(read).transpose()
    }
}

fn read(row: &Row) -> Result<TenantSetting, Error> {
    Ok(TenantSetting {
        version: row.count("version")?,
        value: json::read(row, "value")?,
        changed_by: row.text("changed_by")?.to_owned(),
        changed_at: Timestamp::from_micros(row.int("changed_at")?),
    })
}
