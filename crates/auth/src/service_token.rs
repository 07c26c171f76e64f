//! Service tokens: credentials of machines.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use civitas_model::{Caller, CallerKind, Permission, Timestamp};
use civitas_storage::{Changeset, ServiceToken, ServiceTokenChange, Store};
use serde_json::json;

use crate::auth::{Auth, PAGE_MAX};
use crate::error::Error;
use crate::secret::Secret;

/// What every service token starts with, so that a leaked one is recognised.
pub(crate) const PREFIX: &str = "civitas_";
const NAME_CHARS_MAX: usize = 100;
/// Tokens remembered at most; then all are forgotten and read again.
const SEEN_MAX: usize = 4096;
/// How exact `last_used_at` is. Noting every use would be a write per request.
const TOUCH_INTERVAL: Duration = Duration::from_mins(1);

impl Auth {
    /// Makes a service token for the caller's tenant. The answer's secret is shown once.
    ///
    /// A machine never approves; it administers only when a person who does asks for that scope.
    pub async fn create_service_token(
        &self,
        caller: &Caller,
        name: &str,
        scopes: &[Permission],
        lifetime: Duration,
    ) -> Result<(ServiceToken, Secret), Error> {
        self.require_administration(caller).await?;
        let name = name.trim();
        self.check(caller, name, scopes, lifetime)?;
        let now = self.now();
        let secret = self.new_secret(PREFIX);
        let token = ServiceToken {
            token_id: self.entropy.uuid_v7(now).to_string(),
            tenant_id: caller.tenant_id.clone(),
            name: name.to_owned(),
            scopes: Permission::ALL
                .into_iter()
                .filter(|permission| scopes.contains(permission))
                .collect(),
            created_by: caller.name.clone(),
            created_at: now,
            expires_at: now.plus(lifetime),
            last_used_at: None,
            revoked_at: None,
        };
        let change = ServiceTokenChange::Insert {
            digest: secret.digest(),
            token: token.clone(),
        };
        let facts =
            json!({ "name": token.name, "scopes": token.scopes, "expires_at": token.expires_at });
        let entry = self
            .entry_by(caller, "create_service_token")
            .on("service_token", token.token_id.as_str())
            .with_body(&facts, self.entropy.as_ref());
        let changes = Changeset::new().with(change).with(entry);
        self.store.commit(changes).await?;
        Ok((token, secret))
    }

    /// A page of the service tokens of the caller's tenant, newest first, with those that ended; at most [`PAGE_MAX`].
    pub async fn service_tokens(
        &self,
        caller: &Caller,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<ServiceToken>, Error> {
        self.require_administration(caller).await?;
        let limit = limit.min(PAGE_MAX);
        let tokens = self.store.service_tokens();
        Ok(tokens.list(&caller.tenant_id, limit, offset).await?)
    }

    /// Ends a service token of the caller's tenant at once.
    pub async fn revoke_service_token(&self, caller: &Caller, token_id: &str) -> Result<(), Error> {
        self.require_administration(caller).await?;
        let change = ServiceTokenChange::Revoke {
            tenant_id: caller.tenant_id.clone(),
            token_id: token_id.to_owned(),
        };
        let entry = self
            .entry_by(caller, "revoke_service_token")
            .on("service_token", token_id);
        let changes = Changeset::new().with(change).with(entry);
        let (store, seen) = (self.store.clone(), self.service_tokens.clone());
        // A task of its own: a caller that goes away must not leave the token remembered.
        tokio::spawn(async move {
            let committed = store.commit(changes).await;
            seen.forget();
            committed
        })
        .await
        .map_err(|error| Error::Internal(error.to_string()))??;
        Ok(())
    }

    pub(crate) async fn authenticate_service(&self, secret: &Secret) -> Result<Caller, Error> {
        let digest = secret.digest();
        let now = self.now();
        let token = match self.service_tokens.find(&digest) {
            Ok(token) => token,
            Err(epoch) => {
                let token = self.store.service_tokens().find_by_digest(&digest).await?;
                let token = token.ok_or(Error::InvalidToken)?;
                self.service_tokens.remember(&digest, &token, epoch);
                token
            }
        };
        if token.revoked_at.is_some() || now >= token.expires_at {
            return Err(Error::InvalidToken);
        }
        if self.service_tokens.touch(&digest, now) {
            note_use(self.store.clone(), token.token_id.clone());
        }
        Ok(Caller {
            kind: CallerKind::Service,
            tenant_id: token.tenant_id,
            user_id: None,
            session_id: None,
            name: token.name,
            roles: Vec::new(),
            permissions: token.scopes,
        })
    }

    fn check(
        &self,
        caller: &Caller,
        name: &str,
        scopes: &[Permission],
        lifetime: Duration,
    ) -> Result<(), Error> {
        let length = name.chars().count();
        if !(1..=NAME_CHARS_MAX).contains(&length) || name.chars().any(char::is_control) {
            let detail = format!("the name must have 1 to {NAME_CHARS_MAX} characters");
            return Err(Error::invalid("/name", detail));
        }
        if scopes.is_empty() || scopes.contains(&Permission::Approve) {
            let detail = "the scopes must be some of read, write, admin, metrics and hooks; a machine never approves";
            return Err(Error::invalid("/scopes", detail));
        }
        if scopes.contains(&Permission::Metrics)
            && caller.tenant_id.as_str() != Caller::DEFAULT_TENANT
        {
            return Err(Error::Forbidden(
                "metrics are of the whole server: only an administrator of the default tenant gives them away",
            ));
        }
        if scopes.contains(&Permission::Admin) && caller.kind == CallerKind::Service {
            return Err(Error::Forbidden(
                "a machine cannot make a token that administers",
            ));
        }
        if lifetime.is_zero() || lifetime > self.lifetimes.service_max {
            let days = self.lifetimes.service_max.as_secs() / 86_400;
            let detail = format!("the lifetime must be between a second and {days} days");
            return Err(Error::invalid("/expires_in_days", detail));
        }
        Ok(())
    }
}

/// Nobody waits for it: a lost note costs nothing.
fn note_use(store: Store, token_id: String) {
    tokio::spawn(async move {
        let changes = Changeset::new().with(ServiceTokenChange::Touch { token_id });
        if let Err(error) = store.commit(changes).await {
            tracing::warn!(%error, "the use of a service token was not noted");
        }
    });
}

/// Tokens seen of late by digest, so that a busy machine costs no database read.
#[derive(Default)]
pub(crate) struct Seen(Mutex<SeenState>);

#[derive(Default)]
struct SeenState {
    /// Raised by every revocation: what was read before one must not be remembered after it.
    epoch: u64,
    tokens: HashMap<String, ServiceToken>,
}

impl Seen {
    /// The token, or the epoch in which it should be looked up.
    fn find(&self, digest: &str) -> Result<ServiceToken, u64> {
        let state = self.lock();
        state.tokens.get(digest).cloned().ok_or(state.epoch)
    }

    fn remember(&self, digest: &str, token: &ServiceToken, epoch: u64) {
        let mut state = self.lock();
        if state.epoch != epoch {
            return;
        }
        if state.tokens.len() >= SEEN_MAX {
            state.tokens.clear();
        }
        state.tokens.insert(digest.to_owned(), token.clone());
    }

    /// Whether the use should be noted: at most once in a while.
    fn touch(&self, digest: &str, now: Timestamp) -> bool {
        let mut state = self.lock();
        let Some(token) = state.tokens.get_mut(digest) else {
            return false;
        };
        let due = token
            .last_used_at
            .is_none_or(|last| now.since(last) >= TOUCH_INTERVAL);
        if due {
            token.last_used_at = Some(now);
        }
        due
    }

    fn forget(&self) {
        let mut state = self.lock();
        state.epoch += 1;
        state.tokens.clear();
    }

    fn lock(&self) -> MutexGuard<'_, SeenState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use civitas_model::TenantId;

    use super::*;

    fn token() -> ServiceToken {
        ServiceToken {
            token_id: "id".into(),
            tenant_id: TenantId::trusted("t"),
            name: "n".into(),
            scopes: vec![Permission::Read],
            created_by: "c".into(),
            created_at: Timestamp::default(),
            expires_at: Timestamp::default(),
            last_used_at: None,
            revoked_at: None,
        }
    }

    #[test]
    fn what_was_read_before_a_revocation_is_not_remembered_after_it() {
        let seen = Seen::default();
        let epoch = seen.find("d").unwrap_err();
        seen.forget();
        seen.remember("d", &token(), epoch);
        assert!(seen.find("d").is_err());
    }

    #[test]
    fn uses_are_noted_at_most_once_a_minute() {
        let seen = Seen::default();
        seen.remember("d", &token(), 0);
        let start = Timestamp::from_micros(1);
        assert!(seen.touch("d", start));
        assert!(!seen.touch("d", start.plus(Duration::from_secs(59))));
        assert!(seen.touch("d", start.plus(Duration::from_mins(1))));
    }

    #[test]
    fn the_number_remembered_is_bounded() {
        let seen = Seen::default();
        for number in 0..=SEEN_MAX {
            seen.remember(&number.to_string(), &token(), 0);
        }
        assert!(seen.lock().tokens.len() <= SEEN_MAX);
    }
}
