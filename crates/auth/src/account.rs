//! What users do with their own account.

use civitas_model::user::Membership;
use civitas_model::{Caller, CallerKind, User};
use civitas_storage::{Account, Changeset, RefreshTokenChange, SessionEnd, UserChange};

use crate::auth::Auth;
use crate::error::Error;
use crate::registration::check_new_password;
use crate::revocation::Revoked;
use crate::secret::Secret;
use crate::sign_in::{Descent, Opening, SignedIn};

/// Tenants shown of a user at most.
const MEMBERSHIPS_MAX: u32 = 100;

/// Who the caller is.
#[derive(Debug, Clone)]
pub struct Profile {
    /// The caller, as authenticated.
    pub caller: Caller,
    /// The user, when it is one.
    pub user: Option<User>,
    /// Whether they may administer the tenant: by role, or as its owner.
    pub administers: bool,
    /// Where the user belongs, oldest first.
    pub memberships: Vec<Membership>,
}

impl Auth {
    /// Who the caller is.
    pub async fn me(&self, caller: &Caller) -> Result<Profile, Error> {
        let administers = self.administers(caller).await?;
        let (user, memberships) = match &caller.user_id {
            None => (None, Vec::new()),
            Some(user_id) => {
                let user = self.account(caller).await?.user;
                let memberships = self
                    .store
                    .memberships()
                    .list_by_user(user_id, MEMBERSHIPS_MAX)
                    .await?;
                (Some(user), memberships)
            }
        };
        Ok(Profile {
            caller: caller.clone(),
            user,
            administers,
            memberships,
        })
    }

    /// Ends the caller's session: its access tokens at once, its refresh tokens, and an anonymous session's secret.
    ///
    /// A caller without a session has nothing to end.
    pub async fn logout(&self, caller: &Caller) -> Result<(), Error> {
        let Some(session_id) = &caller.session_id else {
            return Ok(());
        };
        let changes = Changeset::new()
            .with(RefreshTokenChange::RevokeSession {
                session_id: session_id.clone(),
            })
            .with(SessionEnd::Now {
                session_id: session_id.clone(),
            })
            .with(
                self.entry_by(caller, "sign_out")
                    .on("session", session_id.as_str()),
            );
        // Only a user's session has access tokens that would outlive it.
        let revoked = match caller.kind {
            CallerKind::User => vec![Revoked::Session(session_id.clone())],
            _ => Vec::new(),
        };
        self.revoke(changes, revoked).await
    }

    /// Ends every access and refresh token of the caller's user, in every tenant.
    pub async fn logout_everywhere(&self, caller: &Caller) -> Result<(), Error> {
        let account = self.account(caller).await?;
        let user_id = account.user.user_id;
        let changes = Changeset::new()
            .with(self.entry_by(caller, "sign_out_everywhere"))
            .with(UserChange::Advance {
                user_id: user_id.clone(),
                token_version: account.token_version,
            })
            .with(RefreshTokenChange::RevokeUser {
                user_id: user_id.clone(),
            });
        let revoked = vec![Revoked::Below(user_id, account.token_version + 1)];
        self.revoke(changes, revoked).await
    }

    /// Sets a new password, ends every token from before, and signs the caller in anew.
    ///
    /// The present password is asked for; refused after five tries in a minute by one user.
    pub async fn change_password(
        &self,
        caller: &Caller,
        present: &Secret,
        new: &Secret,
    ) -> Result<SignedIn, Error> {
        check_new_password(new)?;
        let mut account = self.account(caller).await?;
        let user_id = account.user.user_id.clone();
        self.rate_limits
            .change_password
            .take(&self.store, "change_password", user_id.as_str())
            .await?;
        let hash = Some(&account.password_hash);
        if !self.hasher.verify(present, hash).await? {
            // Not 401: the caller is known, and clients sign out whoever is answered 401.
            let detail = "the present password is wrong";
            return Err(Error::invalid("/current_password", detail));
        }
        let membership = self
            .store
            .memberships()
            .find(&caller.tenant_id, &user_id)
            .await?
            .ok_or(Error::InvalidToken)?;
        let changes = Changeset::new()
            .with(self.entry_by(caller, "change_password"))
            .with(UserChange::SetPassword {
                user_id: user_id.clone(),
                token_version: account.token_version,
                password_hash: self.hasher.hash(new).await?,
            })
            .with(RefreshTokenChange::RevokeUser {
                user_id: user_id.clone(),
            });
        account.token_version += 1;
        let revoked = vec![Revoked::Below(user_id, account.token_version)];
        let descent = Descent::SignIn(Opening::default());
        let (changes, signed_in) = self.grant(changes, account, &membership, &descent)?;
        self.revoke(changes, revoked).await?;
        Ok(signed_in)
    }

    /// The account of a caller who must be a user.
    pub(crate) async fn account(&self, caller: &Caller) -> Result<Account, Error> {
        let user_id = caller
            .user_id
            .as_ref()
            .ok_or(Error::Forbidden("only a user who signed in can do this"))?;
        let account = self.store.users().find(user_id).await?;
        account.ok_or(Error::InvalidToken)
    }
}
