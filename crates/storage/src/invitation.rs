//! Invitations: a right to join a tenant with a role, once.

use civitas_model::{Role, TenantId, Timestamp, UserId};
use civitas_sql::{Error, Statement};

use crate::changeset::{Change, Refusal};
use crate::membership::read_role;
use crate::store::Store;
use crate::transaction::{Stop, Transaction};
use crate::user::email_key;

const INSERT: Statement = Statement::new(include_str!("queries/invitation/insert.sql"));
const FIND: Statement = Statement::new(include_str!("queries/invitation/find.sql"));
const USE: Statement = Statement::new(include_str!("queries/invitation/use.sql"));
const DELETE_EXPIRED: Statement =
    Statement::new(include_str!("queries/invitation/delete_expired.sql"));

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The tenant to join.
    pub tenant_id: TenantId,
    /// The role to have there.
    pub role: Role,
    /// The lower-cased e-mail address of the only user who may accept it, when it is for one.
    pub email: Option<String>,
    /// Until when.
    pub expires_at: Timestamp,
    /// When it was accepted.
    pub used_at: Option<Timestamp>,
}

/// A change of invitations.
#[derive(Debug)]
pub enum InvitationChange {
    /// Makes one.
    Insert {
        /// The digest of its secret.
        digest: String,
        /// What it grants.
        invitation: Invitation,
        /// Who invites.
        invited_by: Option<UserId>,
    },
    /// Uses it up; refused when it was used or ran out.
    Use {
        /// The digest of its secret.
        digest: String,
        /// Who accepts.
        user_id: UserId,
    },
}

impl From<InvitationChange> for Change {
    fn from(change: InvitationChange) -> Self {
        Self::Invitation(Box::new(change))
    }
}

impl InvitationChange {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let now = tx.now.as_micros();
        match self {
            Self::Insert {
                digest,
                invitation,
                invited_by,
            } => {
                let params = [
                    digest.as_str().into(),
                    invitation.tenant_id.as_str().into(),
                    invitation.role.as_str().into(),
                    invitation.email.as_deref().map(email_key).into(),
                    invited_by.as_ref().map(civitas_model::Id::as_str).into(),
                    now.into(),
                    invitation.expires_at.as_micros().into(),
                ];
                tx.execute(&INSERT, params.into()).await?;
                Ok(())
            }
            Self::Use { digest, user_id } => {
                let params = [
                    now.into(),
                    user_id.as_str().into(),
                    digest.as_str().into(),
                    now.into(),
                ];
                if tx.execute(&USE, params.into()).await? == 0 {
                    return Err(Refusal::NotFound { what: "invitation" }.into());
                }
                Ok(())
            }
        }
    }
}

pub(crate) async fn delete_expired(tx: &mut Transaction<'_>) -> Result<(), Stop> {
    tx.execute(&DELETE_EXPIRED, vec![tx.now.as_micros().into()])
        .await?;
    Ok(())
}

impl Store {
    /// The invitation with this digest, used up or not.
    pub async fn find_invitation(&self, digest: &str) -> Result<Option<Invitation>, Error> {
        let row = self.database.query_one(&FIND, vec![digest.into()]).await?;
        row.map(|row| {
            Ok(Invitation {
                tenant_id: TenantId::trusted(row.text("tenant_id")?),
                role: read_role(&row, "invitations.role")?,
                email: row.optional_text("email_key")?.map(str::to_owned),
                expires_at: Timestamp::from_micros(row.int("expires_at")?),
                used_at: row.optional_int("used_at")?.map(Timestamp::from_micros),
            })
        })
        .transpose()
    }
}
