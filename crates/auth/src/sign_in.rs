//! Signing in: registration, login, and what both give.

use std::net::IpAddr;
use std::time::Duration;

use civitas_model::user::Membership;
use civitas_model::{Caller, Permission, Role, Session, SessionId, TenantId, User, UserId};
use civitas_storage::{
    Account, Changeset, MembershipChange, NewSession, RefreshToken, RefreshTokenChange, Tenant,
    TenantChange, UserChange,
};
use serde_json::{Map, Value, json};

use crate::access_token::{self, Subject};
use crate::auth::Auth;
use crate::error::Error;
use crate::rate_limit::address_key;
use crate::registration::{Credentials, Registration};
use crate::secret::Secret;
use crate::session::check_metadata;

/// Tenants a user is asked for at most when the home tenant no longer has them.
const MEMBERSHIPS_MAX: u32 = 100;

/// What signing in gives.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The user.
    pub user: User,
    /// The tenant they act in.
    pub tenant_id: TenantId,
    /// Their session.
    pub session_id: SessionId,
    /// Their roles in the tenant.
    pub roles: Vec<Role>,
    /// What they may do there.
    pub permissions: Vec<Permission>,
    /// The credential of every request.
    pub access_token: Secret,
    /// How long it lives.
    pub access_token_lifetime: Duration,
    /// The credential for the next pair of tokens; works once.
    pub refresh_token: Secret,
}

/// The session that a sign-in opens.
#[derive(Debug, Clone, Default)]
pub struct Opening {
    /// Its id, when the client chooses one.
    pub session_id: Option<SessionId>,
    /// What to keep with it; at most 16 KiB of JSON.
    pub metadata: Map<String, Value>,
}

/// What a refresh token descends from.
pub(crate) enum Descent<'a> {
    /// A sign-in: a new session and a new family.
    SignIn(Opening),
    /// Another token of the family.
    Refresh {
        parent: &'a RefreshToken,
        /// The session to go on with; a new one when it ended.
        session: Option<&'a SessionId>,
    },
}

impl Auth {
    /// Registers a user with a tenant of their own, and signs them in. All of it or nothing.
    ///
    /// Refused when the e-mail address is taken, or after three registrations in five minutes from one address.
    pub async fn register(
        &self,
        registration: Registration,
        client: IpAddr,
    ) -> Result<SignedIn, Error> {
        let registration = registration.check()?;
        self.rate_limits
            .register
            .take(&self.store, "register", &address_key(client))
            .await?;
        let tenant_id = self.new_id();
        let (changes, account, membership) = self
            .new_account(registration, tenant_id, Role::User)
            .await?;
        let tenant = Tenant {
            tenant_id: membership.tenant_id.clone(),
            name: account.user.name.clone(),
            owner_id: Some(account.user.user_id.clone()),
        };
        let user = &account.user;
        let facts = json!({ "email": user.email, "name": user.name });
        let entry = self.entry_of(&membership.tenant_id, &user.user_id, "register");
        let changes = Changeset::new()
            .with(TenantChange::Insert(tenant))
            .with(entry.with_body(&facts, self.entropy.as_ref()))
            .with_all(changes);
        self.sign_in(changes, account, &membership).await
    }

    /// Signs a user in to their home tenant.
    ///
    /// Takes as long for an unknown address as for a wrong password. Refused after five logins in a minute from one
    /// address.
    pub async fn login(
        &self,
        credentials: &Credentials,
        client: IpAddr,
    ) -> Result<SignedIn, Error> {
        self.login_to(credentials, Opening::default(), client).await
    }

    /// Like [`Self::login`], to a session as the client wants it.
    pub async fn login_to(
        &self,
        credentials: &Credentials,
        opening: Opening,
        client: IpAddr,
    ) -> Result<SignedIn, Error> {
        credentials.check()?;
        check_metadata(&opening.metadata)?;
        self.rate_limits
            .login
            .take(&self.store, "login", &address_key(client))
            .await?;
        let account = self.store.users().find_by_email(&credentials.email).await?;
        let hash = account.as_ref().map(|account| &account.password_hash);
        let matches = self.hasher.verify(&credentials.password, hash).await?;
        if let Some(account) = account.as_ref().filter(|_| !matches) {
            self.note_refused_sign_in(&account.user.home_tenant, &account.user.user_id);
        }
        let account = account
            .filter(|_| matches)
            .ok_or(Error::InvalidCredentials)?;
        let membership = self.home_membership(&account.user).await?;
        let descent = Descent::SignIn(opening);
        let (changes, signed_in) = self.grant(expect(&account), account, &membership, &descent)?;
        self.store.commit(changes).await?;
        Ok(signed_in)
    }

    /// Signs the caller in to another of their tenants, with a session of its own.
    pub async fn switch_tenant(
        &self,
        caller: &Caller,
        tenant: &TenantId,
    ) -> Result<SignedIn, Error> {
        let account = self.account(caller).await?;
        let membership = self
            .store
            .memberships()
            .find(tenant, &account.user.user_id)
            .await?
            .ok_or_else(|| Error::NotFound("there is no such tenant".into()))?;
        let changes = expect(&account);
        self.sign_in(changes, account, &membership).await
    }

    /// The changes that make a user and their membership of a tenant.
    pub(crate) async fn new_account(
        &self,
        registration: Registration,
        tenant_id: TenantId,
        role: Role,
    ) -> Result<(Changeset, Account, Membership), Error> {
        // Asked again by the changeset; asking now spares the hash.
        let taken = self
            .store
            .users()
            .find_by_email(&registration.email)
            .await?;
        if taken.is_some() {
            return Err(Error::AlreadyExists("an account with this e-mail address"));
        }
        let password_hash = self.hasher.hash(&registration.password).await?;
        let user = User {
            user_id: self.new_id(),
            email: registration.email,
            name: registration.name,
            home_tenant: tenant_id.clone(),
            created_at: self.now(),
        };
        let membership = Membership {
            tenant_id,
            user_id: user.user_id.clone(),
            role,
        };
        let changes = Changeset::new()
            .with(UserChange::Insert {
                user: user.clone(),
                password_hash: password_hash.clone(),
            })
            .with(MembershipChange::Insert(membership.clone()));
        let account = Account {
            user,
            password_hash,
            token_version: 1,
        };
        Ok((changes, account, membership))
    }

    /// Commits `changes` together with a new session and tokens.
    pub(crate) async fn sign_in(
        &self,
        changes: Changeset,
        account: Account,
        membership: &Membership,
    ) -> Result<SignedIn, Error> {
        let descent = Descent::SignIn(Opening::default());
        let (changes, signed_in) = self.grant(changes, account, membership, &descent)?;
        self.store.commit(changes).await?;
        Ok(signed_in)
    }

    /// Adds a pair of tokens, and a session unless there is one, to `changes`. They count once it is committed.
    pub(crate) fn grant(
        &self,
        changes: Changeset,
        account: Account,
        membership: &Membership,
        descent: &Descent<'_>,
    ) -> Result<(Changeset, SignedIn), Error> {
        let Account {
            user,
            token_version,
            ..
        } = account;
        let now = self.now();
        let refresh_token = self.new_secret("refresh_");
        let digest = refresh_token.digest();
        let (parent, session, opening) = match descent {
            Descent::SignIn(opening) => (None, None, opening.clone()),
            Descent::Refresh { parent, session } => (Some(*parent), *session, Opening::default()),
        };
        let (changes, session_id) = match session {
            Some(session) => (changes, session.clone()),
            None => {
                let session = self.new_session(&user.user_id, &membership.tenant_id, opening);
                let session_id = session.session_id.clone();
                (changes.with(NewSession(session)), session_id)
            }
        };
        let changes = changes.with(RefreshTokenChange::Insert(RefreshToken {
            parent: parent.map(|parent| parent.digest.clone()),
            family: parent.map_or_else(|| digest.clone(), |parent| parent.family.clone()),
            digest,
            user_id: user.user_id.clone(),
            tenant_id: membership.tenant_id.clone(),
            session_id: session_id.clone(),
            issued_at: now,
            expires_at: now.plus(self.lifetimes.refresh),
            used_at: None,
            revoked_at: None,
        }));
        let subject = Subject {
            user_id: &user.user_id,
            tenant_id: &membership.tenant_id,
            session_id: &session_id,
            role: membership.role,
            email: &user.email,
            token_version,
        };
        let changes = match descent {
            Descent::Refresh { .. } => changes,
            Descent::SignIn(_) => changes.with(
                self.entry_of(&membership.tenant_id, &user.user_id, "sign_in")
                    .on("session", session_id.as_str()),
            ),
        };
        let token_id = self.entropy.uuid_v4().to_string();
        let lifetime = self.lifetimes.access;
        let access_token = access_token::sign(&self.keys, &subject, token_id, now, lifetime)?;
        let signed_in = SignedIn {
            user,
            tenant_id: membership.tenant_id.clone(),
            session_id,
            roles: vec![membership.role],
            permissions: membership.role.permissions().to_vec(),
            access_token,
            access_token_lifetime: lifetime,
            refresh_token,
        };
        Ok((changes, signed_in))
    }

    /// The home tenant if it still has them, else the tenant they joined first.
    async fn home_membership(&self, user: &User) -> Result<Membership, Error> {
        let memberships = self
            .store
            .memberships()
            .list_by_user(&user.user_id, MEMBERSHIPS_MAX)
            .await?;
        memberships
            .iter()
            .find(|membership| membership.tenant_id == user.home_tenant)
            .or(memberships.first())
            .cloned()
            .ok_or(Error::Forbidden(
                "the account belongs to no tenant any more: ask an administrator to invite it",
            ))
    }

    fn new_session(&self, user: &UserId, tenant: &TenantId, opening: Opening) -> Session {
        let now = self.now();
        Session {
            session_id: opening.session_id.unwrap_or_else(|| self.new_id()),
            tenant_id: tenant.clone(),
            user_id: Some(user.clone()),
            secret_digest: None,
            metadata: Value::Object(opening.metadata),
            state: json!({}),
            created_at: now,
            upgraded_at: None,
            expires_at: now.plus(self.lifetimes.session),
        }
    }
}

/// Refuses what follows when the account's credentials changed since it was read.
pub(crate) fn expect(account: &Account) -> Changeset {
    Changeset::new().with(UserChange::Expect {
        user_id: account.user.user_id.clone(),
        token_version: account.token_version,
    })
}

#[cfg(test)]
mod tests;
