//! The first administrator, and users made from the command line.

use civitas_model::{Caller, Role, TenantId, User};
use civitas_storage::{Changeset, CommitError, Refusal, SettingChange, Tenant, TenantChange};
use serde_json::json;

use crate::auth::Auth;
use crate::error::Error;
use crate::registration::Registration;
use crate::secret::Secret;
use crate::sign_in::{Descent, Opening, SignedIn};

const SETTING: &str = "setup_token_digest";

/// A user to make from the command line.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// E-mail address, password and name.
    pub registration: Registration,
    /// The role they have in the tenant.
    pub role: Role,
    /// The tenant they join; made when there is none of this id.
    pub tenant_id: TenantId,
}

impl Auth {
    /// A token for making the first administrator of `default_tenant`, while there is none. It replaces the one from an
    /// earlier start and is told only this once: only its digest is kept.
    pub async fn setup_token(&self) -> Result<Option<Secret>, Error> {
        if self.is_set_up().await? {
            return Ok(None);
        }
        let token = self.new_secret("setup_");
        let change = SettingChange::Put {
            name: SETTING,
            value: token.digest(),
        };
        self.store.commit(Changeset::new().with(change)).await?;
        Ok(Some(token))
    }

    /// Makes the first administrator of `default_tenant`, its owner, and signs them in. Works once.
    pub async fn redeem_setup_token(
        &self,
        token: &Secret,
        registration: Registration,
    ) -> Result<SignedIn, Error> {
        let registration = registration.check()?;
        let digest = token.digest();
        // Asked again by the changeset; asking now spares the hash for whoever guesses.
        let expected = self.store.find_setting(SETTING).await?;
        if expected.as_ref() != Some(&digest) || self.is_set_up().await? {
            return Err(Error::SetupTokenInvalid);
        }
        let (changes, account, membership) = self
            .new_account(registration, default_tenant(), Role::Admin)
            .await?;
        let changes = Changeset::new()
            .with(SettingChange::Take {
                name: SETTING,
                value: digest,
            })
            .with(ensure_tenant(default_tenant(), &account.user))
            .with(self.entry_of(&default_tenant(), &account.user.user_id, "set_up"))
            .with_all(changes);
        let descent = Descent::SignIn(Opening::default());
        let (changes, signed_in) = self.grant(changes, account, &membership, &descent)?;
        match self.store.commit(changes).await {
            Ok(_) => Ok(signed_in),
            Err(CommitError::Refused(Refusal::NotFound { .. })) => Err(Error::SetupTokenInvalid),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a user, for whoever has the machine: nobody is asked for permission, and no rate limit applies.
    ///
    /// An administrator of a tenant without an owner becomes its owner. `by` is who is recorded as having done it.
    pub async fn create_user(&self, new: NewUser, by: &Caller) -> Result<User, Error> {
        let registration = new.registration.check()?;
        let (changes, account, _) = self
            .new_account(registration, new.tenant_id.clone(), new.role)
            .await?;
        let mut tenant = tenant(new.tenant_id, &account.user);
        if new.role != Role::Admin {
            tenant.owner_id = None;
        }
        let entry = self
            .entry(&account.user.home_tenant, by.into(), "create_user")
            .on("user", account.user.user_id.as_str())
            .with_body(
                &json!({ "email": account.user.email, "role": new.role }),
                self.entropy.as_ref(),
            );
        let changes = Changeset::new()
            .with(TenantChange::Ensure(tenant))
            .with(entry)
            .with_all(changes);
        self.store.commit(changes).await?;
        Ok(account.user)
    }

    async fn is_set_up(&self) -> Result<bool, Error> {
        let members = self.store.memberships();
        Ok(members.count(&default_tenant(), Role::Admin).await? > 0)
    }
}

fn default_tenant() -> TenantId {
    TenantId::trusted(Caller::DEFAULT_TENANT)
}

fn ensure_tenant(tenant_id: TenantId, owner: &User) -> TenantChange {
    TenantChange::Ensure(tenant(tenant_id, owner))
}

fn tenant(tenant_id: TenantId, owner: &User) -> Tenant {
    Tenant {
        name: tenant_id.as_str().to_owned(),
        tenant_id,
        owner_id: Some(owner.user_id.clone()),
    }
}
