//! Memberships: which user has which role in which tenant.

use civitas_model::user::Membership;
use civitas_model::{Role, TenantId, UserId};
use civitas_sql::{Error, Row, Statement};

use crate::changeset::{Change, Refusal};
use crate::store::Store;
use crate::transaction::{Stop, Transaction};

const INSERT: Statement = Statement::new(include_str!("queries/membership/insert.sql"));
const SET_ROLE: Statement = Statement::new(include_str!("queries/membership/set_role.sql"));
const DELETE: Statement = Statement::new(include_str!("queries/membership/delete.sql"));
const FIND: Statement = Statement::new(include_str!("queries/membership/find.sql"));
const LIST_BY_USER: Statement = Statement::new(include_str!("queries/membership/list_by_user.sql"));
const LIST_BY_TENANT: Statement =
    Statement::new(include_str!("queries/membership/list_by_tenant.sql"));
const COUNT_BY_ROLE: Statement =
    Statement::new(include_str!("queries/membership/count_by_role.sql"));

/// A change of memberships.
#[derive(Debug)]
pub enum MembershipChange {
    /// Adds one; refused when the user is a member already.
    Insert(Membership),
    /// Changes the role; refused when the user is not a member.
    SetRole(Membership),
    /// Ends one; refused when the user is not a member.
    Delete {
        /// The tenant.
        tenant_id: TenantId,
        /// The user.
        user_id: UserId,
    },
}

impl From<MembershipChange> for Change {
    fn from(change: MembershipChange) -> Self {
        Self::Membership(change)
    }
}

impl MembershipChange {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let done = match self {
            Self::Insert(membership) => {
                let params = [
                    membership.tenant_id.as_str().into(),
                    membership.user_id.as_str().into(),
                    membership.role.as_str().into(),
                    tx.now.as_micros().into(),
                ];
                if tx.execute(&INSERT, params.into()).await? == 0 {
                    return Err(Refusal::AlreadyExists {
                        what: "a membership of this user",
                    }
                    .into());
                }
                true
            }
            Self::SetRole(membership) => {
                let params = [
                    membership.role.as_str().into(),
                    membership.tenant_id.as_str().into(),
                    membership.user_id.as_str().into(),
                ];
                tx.execute(&SET_ROLE, params.into()).await? == 1
            }
            Self::Delete { tenant_id, user_id } => {
                let params = [tenant_id.as_str().into(), user_id.as_str().into()];
                tx.execute(&DELETE, params.into()).await? == 1
            }
        };
        if done {
            Ok(())
        } else {
            Err(Refusal::NotFound { what: "member" }.into())
        }
    }
}

/// A member as administrators see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Their standing.
    pub membership: Membership,
    /// Their e-mail address.
    pub email: String,
    /// Their name.
    pub name: String,
}

/// Readings of memberships.
pub struct Memberships<'a>(&'a Store);

impl Store {
    /// Readings of memberships.
    pub const fn memberships(&self) -> Memberships<'_> {
        Memberships(self)
    }
}

impl Memberships<'_> {
    /// A user's standing in a tenant.
    pub async fn find(
        &self,
        tenant: &TenantId,
        user: &UserId,
    ) -> Result<Option<Membership>, Error> {
        let params = vec![tenant.as_str().into(), user.as_str().into()];
        let row = self.0.database.query_one(&FIND, params).await?;
        row.as_ref().map(read).transpose()
    }

    /// Where a user belongs, oldest first.
    pub async fn list_by_user(&self, user: &UserId, limit: u32) -> Result<Vec<Membership>, Error> {
        let params = vec![user.as_str().into(), limit.into()];
        let rows = self.0.database.query(&LIST_BY_USER, params).await?;
        rows.iter().map(read).collect()
    }

    /// A page of a tenant's members, oldest first.
    pub async fn list(
        &self,
        tenant: &TenantId,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<Member>, Error> {
        let params = vec![tenant.as_str().into(), limit.into(), offset.into()];
        let rows = self.0.database.query(&LIST_BY_TENANT, params).await?;
        rows.iter()
            .map(|row| {
                Ok(Member {
                    membership: read(row)?,
                    email: row.text("email")?.to_owned(),
                    name: row.text("name")?.to_owned(),
                })
            })
            .collect()
    }

    /// How many members of a tenant have this role.
    pub async fn count(&self, tenant: &TenantId, role: Role) -> Result<u64, Error> {
        let params = vec![tenant.as_str().into(), role.as_str().into()];
        let row = self.0.database.query_one(&COUNT_BY_ROLE, params).await?;
        row.map_or(Ok(0), |row| row.count("count"))
    }
}

fn read(row: &Row) -> Result<Membership, Error> {
    Ok(Membership {
        tenant_id: TenantId::trusted(row.text("tenant_id")?),
        user_id: UserId::trusted(row.text("user_id")?),
        role: read_role(row, "memberships.role")?,
    })
}

pub(crate) fn read_role(row: &Row, column: &str) -> Result<Role, Error> {
    let role = row.text("role")?;
    Role::parse(role).ok_or_else(|| Error::inconsistent(column, format!("unknown role {role}")))
}
