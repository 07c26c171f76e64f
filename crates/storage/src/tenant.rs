//! Tenants: the boundary that no reading crosses, and who owns it.

use civitas_model::{TenantId, UserId};
use civitas_sql::{Error, Statement};

use crate::changeset::{Change, Refusal};
use crate::store::Store;
use crate::transaction::{Stop, Transaction};

const INSERT: Statement = Statement::new(include_str!("queries/tenant/insert.sql"));
const FIND: Statement = Statement::new(include_str!("queries/tenant/find.sql"));
const CLAIM: Statement = Statement::new(include_str!("queries/tenant/claim.sql"));

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub tenant_id: TenantId,
    /// The name people see.
    pub name: String,
    /// Who may always administer it, whatever their role.
    pub owner_id: Option<UserId>,
}

/// A change of tenants.
#[derive(Debug)]
pub enum TenantChange {
    /// Makes a tenant; refused when there is one with this id.
    Insert(Tenant),
    /// Makes a tenant unless there is one with this id, and gives it its owner if it has none.
    Ensure(Tenant),
}

impl From<TenantChange> for Change {
    fn from(change: TenantChange) -> Self {
        Self::Tenant(change)
    }
}

impl TenantChange {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let (Self::Insert(tenant) | Self::Ensure(tenant)) = self;
        let owner = tenant.owner_id.as_ref().map(civitas_model::Id::as_str);
        let params = [
            tenant.tenant_id.as_str().into(),
            tenant.name.as_str().into(),
            owner.into(),
            tx.now.as_micros().into(),
        ];
        let inserted = tx.execute(&INSERT, params.into()).await? == 1;
        match (self, owner) {
            (Self::Insert(_), _) if !inserted => Err(Refusal::AlreadyExists {
                what: "a tenant with this id",
            }
            .into()),
            (Self::Ensure(_), Some(owner)) if !inserted => {
                tx.execute(&CLAIM, vec![owner.into(), tenant.tenant_id.as_str().into()])
                    .await?;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Store {
    /// One tenant.
    pub async fn find_tenant(&self, tenant: &TenantId) -> Result<Option<Tenant>, Error> {
        let row = self
            .database
            .query_one(&FIND, vec![tenant.as_str().into()])
            .await?;
        row.map(|row| {
            Ok(Tenant {
                tenant_id: TenantId::trusted(row.text("tenant_id")?),
                name: row.text("name")?.to_owned(),
                owner_id: row.optional_text("owner_id")?.map(UserId::trusted),
            })
        })
        .transpose()
    }
}
