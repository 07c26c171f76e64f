//! Members of a tenant: invitations and roles.

use civitas_model::user::Membership;
use civitas_model::{Caller, Permission, Role, TenantId, UserId};
use civitas_storage::{
    Changeset, Invitation, InvitationChange, Member, MembershipChange, UserChange, email_key,
};
use serde_json::json;

use crate::auth::{Auth, PAGE_MAX};
use crate::error::Error;
use crate::registration::check_invited_email;
use crate::revocation::Revoked;
use crate::secret::Secret;

/// What accepting an invitation gave. The caller goes there with [`Auth::switch_tenant`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedInvitation {
    /// The tenant joined.
    pub tenant_id: TenantId,
    /// The role there.
    pub role: Role,
}

impl Auth {
    /// Invites someone into the caller's tenant: whoever accepts first, or only the user with this e-mail address.
    ///
    /// The answer is shown once, and works once, for seven days.
    pub async fn invite(
        &self,
        caller: &Caller,
        role: Role,
        email: Option<&str>,
    ) -> Result<Secret, Error> {
        self.require_administration(caller).await?;
        email.map_or(Ok(()), check_invited_email)?;
        let token = self.new_secret("invite_");
        let change = InvitationChange::Insert {
            digest: token.digest(),
            invitation: Invitation {
                tenant_id: caller.tenant_id.clone(),
                role,
                email: email.map(email_key),
                expires_at: self.now().plus(self.lifetimes.invitation),
                used_at: None,
            },
            invited_by: caller.user_id.clone(),
        };
        let entry = self
            .entry_by(caller, "invite")
            .on("role", role.as_str())
            .with_body(&json!({ "email": email }), self.entropy.as_ref());
        let changes = Changeset::new().with(change).with(entry);
        self.store.commit(changes).await?;
        Ok(token)
    }

    /// Makes the caller a member of the tenant they were invited to.
    pub async fn accept_invitation(
        &self,
        caller: &Caller,
        token: &Secret,
    ) -> Result<AcceptedInvitation, Error> {
        let account = self.account(caller).await?;
        let digest = token.digest();
        let invitation = self
            .store
            .find_invitation(&digest)
            .await?
            .filter(|found| found.used_at.is_none() && self.now() < found.expires_at)
            .ok_or_else(|| Error::NotFound("there is no such invitation".into()))?;
        if invitation
            .email
            .as_ref()
            .is_some_and(|invited| *invited != email_key(&account.user.email))
        {
            return Err(Error::Forbidden(
                "the invitation is for another e-mail address",
            ));
        }
        let membership = Membership {
            tenant_id: invitation.tenant_id.clone(),
            user_id: account.user.user_id.clone(),
            role: invitation.role,
        };
        let changes = Changeset::new()
            .with(
                self.entry_of(&invitation.tenant_id, &account.user.user_id, "join")
                    .on("role", invitation.role.as_str()),
            )
            .with(InvitationChange::Use {
                digest,
                user_id: account.user.user_id,
            })
            .with(MembershipChange::Insert(membership));
        self.store.commit(changes).await?;
        Ok(AcceptedInvitation {
            tenant_id: invitation.tenant_id,
            role: invitation.role,
        })
    }

    /// A page of the members of the caller's tenant, oldest first; at most 200.
    pub async fn members(
        &self,
        caller: &Caller,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<Member>, Error> {
        self.require_administration(caller).await?;
        let limit = limit.min(PAGE_MAX);
        let members = self.store.memberships();
        Ok(members.list(&caller.tenant_id, limit, offset).await?)
    }

    /// Gives a member of the caller's tenant another role. Their access tokens end at once; a refresh gives new ones.
    ///
    /// An owner may change their own role, and nobody else may change an owner's.
    pub async fn set_role(&self, caller: &Caller, user: &UserId, role: Role) -> Result<(), Error> {
        let change = MembershipChange::SetRole(Membership {
            tenant_id: caller.tenant_id.clone(),
            user_id: user.clone(),
            role,
        });
        let own = caller.user_id.as_ref() == Some(user);
        self.change_member(caller, user, change, own).await
    }

    /// Ends a membership in the caller's tenant. Access tokens end at once, and refreshing them is refused.
    ///
    /// An owner cannot be removed.
    pub async fn remove_member(&self, caller: &Caller, user: &UserId) -> Result<(), Error> {
        let change = MembershipChange::Delete {
            tenant_id: caller.tenant_id.clone(),
            user_id: user.clone(),
        };
        self.change_member(caller, user, change, false).await
    }

    async fn change_member(
        &self,
        caller: &Caller,
        user: &UserId,
        change: MembershipChange,
        even_owner: bool,
    ) -> Result<(), Error> {
        self.require_administration(caller).await?;
        let missing = || Error::NotFound("there is no such member".into());
        // Asked first so that nothing is learnt about, or done to, a user who is not a member.
        let members = self.store.memberships();
        let member = members.find(&caller.tenant_id, user).await?;
        member.ok_or_else(missing)?;
        if !even_owner && self.owns_tenant(&caller.tenant_id, user).await? {
            return Err(Error::Forbidden("the owner of a tenant stays as they are"));
        }
        let account = self.store.users().find(user).await?.ok_or_else(missing)?;
        let (action, role) = match &change {
            MembershipChange::SetRole(membership) => ("set_role", Some(membership.role)),
            _ => ("remove_member", None),
        };
        let entry = self
            .entry_by(caller, action)
            .on("user", user.as_str())
            .with_body(&json!({ "role": role }), self.entropy.as_ref());
        let changes = Changeset::new()
            .with(change)
            .with(entry)
            .with(UserChange::Advance {
                user_id: user.clone(),
                token_version: account.token_version,
            });
        let revoked = vec![Revoked::Below(user.clone(), account.token_version + 1)];
        self.revoke(changes, revoked).await
    }

    /// Whether the caller may administer their tenant: by role, or as its owner.
    pub async fn administers(&self, caller: &Caller) -> Result<bool, Error> {
        if caller.may(Permission::Admin) {
            return Ok(true);
        }
        match &caller.user_id {
            Some(user) => self.owns_tenant(&caller.tenant_id, user).await,
            None => Ok(false),
        }
    }

    /// Refuses a caller who may not.
    pub async fn require_administration(&self, caller: &Caller) -> Result<(), Error> {
        if self.administers(caller).await? {
            return Ok(());
        }
        Err(Error::Forbidden(
            "only an administrator or the owner of the tenant can do this",
        ))
    }

    async fn owns_tenant(&self, tenant: &TenantId, user: &UserId) -> Result<bool, Error> {
        let tenant = self.store.find_tenant(tenant).await?;
        Ok(tenant.is_some_and(|tenant| tenant.owner_id.as_ref() == Some(user)))
    }
}
