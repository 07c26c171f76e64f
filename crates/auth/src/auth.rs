//! Opening authentication, and turning a credential into a caller.

use std::sync::Arc;

use civitas_model::{Caller, Entropy, Id, Timestamp};
use civitas_storage::{Changeset, Store};

use crate::access_token::Verifier;
use crate::error::{Error, OpenError};
use crate::key_ring::KeyRing;
use crate::options::{AuthOptions, Lifetimes};
use crate::password::Hasher;
use crate::rate_limit::RateLimits;
use crate::revocation::{Revocations, Revoked};
use crate::secret::Secret;
use crate::service_token::{self, Seen};

/// Entries on one page of a list at most: members, service tokens. A page that asks for more gets this many.
pub const PAGE_MAX: u32 = 200;

/// Authentication; cheap to clone.
#[derive(Clone)]
pub struct Auth {
    pub(crate) store: Store,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) hasher: Arc<Hasher>,
    pub(crate) revocations: Arc<Revocations>,
    pub(crate) service_tokens: Arc<Seen>,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) rate_limits: RateLimits,
    verifier: Arc<Verifier>,
}

impl Auth {
    /// Reads or makes the signing keys, and reads what ended of late.
    pub async fn open(options: AuthOptions) -> Result<Self, OpenError> {
        let AuthOptions {
            store,
            entropy,
            data_dir,
            hashing,
            lifetimes,
            rate_limits,
        } = options;
        let now = store.clock().now();
        let random = Arc::clone(&entropy);
        let (keys, hasher) = tokio::task::spawn_blocking(move || {
            let keys = KeyRing::open(&data_dir, lifetimes.access, now, random.as_ref())?;
            let hasher = Hasher::open(hashing, random)?;
            Ok::<_, OpenError>((keys, hasher))
        })
        .await??;
        let revocations = Revocations::load(&store, lifetimes.access, now).await?;
        Ok(Self {
            store,
            entropy,
            keys: Arc::new(keys),
            hasher: Arc::new(hasher),
            revocations: Arc::new(revocations),
            service_tokens: Arc::default(),
            lifetimes,
            rate_limits,
            verifier: Arc::new(Verifier::new()),
        })
    }

    /// Who holds this bearer token: a user's access token or a machine's service token.
    ///
    /// A valid access token costs no database read, and neither does a service token seen before.
    pub async fn authenticate(&self, bearer: &str) -> Result<Caller, Error> {
        if bearer.starts_with(service_token::PREFIX) {
            return self.authenticate_service(&Secret::new(bearer)).await;
        }
        let claims = self.verifier.verify(&self.keys, bearer, self.now())?;
        if !self
            .revocations
            .allow(&claims.sub, claims.ver, Some(&claims.sid))
        {
            return Err(Error::InvalidToken);
        }
        Ok(claims.into_caller())
    }

    /// How long credentials last.
    pub const fn lifetimes(&self) -> &Lifetimes {
        &self.lifetimes
    }

    /// Makes a new signing key, which signs from now on. Tokens signed before stay valid until they end.
    pub async fn rotate_keys(&self) -> Result<(), OpenError> {
        let (keys, entropy, now) = (
            Arc::clone(&self.keys),
            Arc::clone(&self.entropy),
            self.now(),
        );
        tokio::task::spawn_blocking(move || keys.rotate(now, entropy.as_ref())).await?
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.store.clock().now()
    }

    pub(crate) fn new_id<K>(&self) -> Id<K> {
        Id::generate(self.store.clock().as_ref(), self.entropy.as_ref())
    }

    pub(crate) fn new_secret(&self, prefix: &str) -> Secret {
        Secret::generate(prefix, self.entropy.as_ref())
    }

    /// Commits what ends credentials, and remembers it at once.
    ///
    /// Runs as a task of its own: a caller that goes away between the two must not leave tokens alive. When storage does
    /// not answer whether it committed, the caller hears of it and tries again.
    pub(crate) async fn revoke(
        &self,
        changeset: Changeset,
        revoked: Vec<Revoked>,
    ) -> Result<(), Error> {
        if !revoked.is_empty() {
            self.revocations.require_room(self.now())?;
        }
        let (store, revocations) = (self.store.clone(), Arc::clone(&self.revocations));
        tokio::spawn(async move {
            let receipt = store.commit(changeset).await?;
            revocations.add(&revoked, receipt.committed_at);
            Ok(())
        })
        .await
        .map_err(|error| Error::Internal(error.to_string()))?
    }
}
