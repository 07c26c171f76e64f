//! Password hashing, off the async threads and behind a bounded queue.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use civitas_model::Entropy;
use civitas_storage::PasswordHash;
use tokio::sync::Semaphore;

use crate::error::{Error, OpenError};
use crate::options::Hashing;
use crate::secret::Secret;

const SALT_BYTES: usize = 16;
/// A full queue is worked off in about this time.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Hashes and verifies passwords with argon2id.
pub(crate) struct Hasher {
    params: Params,
    entropy: Arc<dyn Entropy>,
    /// Who hashes or waits.
    places: Arc<Semaphore>,
    /// Who hashes.
    threads: Arc<Semaphore>,
    /// The hash of a password nobody knows, verified where there is no account, so that it takes as long.
    decoy: PasswordHash,
}

impl Hasher {
    /// Blocks for as long as one hash takes.
    pub(crate) fn open(options: Hashing, entropy: Arc<dyn Entropy>) -> Result<Self, OpenError> {
        let unusable = |error: &dyn std::fmt::Display| OpenError::Hashing(error.to_string());
        if options.concurrency == 0 {
            return Err(OpenError::Hashing("concurrency must be at least 1".into()));
        }
        let params = Params::new(options.memory_kib, options.passes, 1, None)
            .map_err(|error| unusable(&error))?;
        let unknown = Secret::generate("", entropy.as_ref());
        let decoy =
            hash(&params, &unknown, &salt(entropy.as_ref())).map_err(|error| unusable(&error))?;
        let places = options.concurrency.saturating_add(options.queue_max);
        Ok(Self {
            params,
            entropy,
            places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
            threads: Arc::new(Semaphore::new(options.concurrency)),
            decoy,
        })
    }

    /// Stops hashing until the permit is dropped, so that a test can act while others wait.
    #[cfg(test)]
    pub(crate) async fn pause(&self) -> tokio::sync::OwnedSemaphorePermit {
        let all = u32::try_from(self.threads.available_permits()).unwrap();
        Arc::clone(&self.threads)
            .acquire_many_owned(all)
            .await
            .unwrap()
    }

    /// Waits until this many hash or wait.
    #[cfg(test)]
    pub(crate) async fn wait_for_waiting(&self, many: usize) {
        let places = Hashing::default().concurrency + Hashing::default().queue_max;
        while places - self.places.available_permits() < many {
            tokio::task::yield_now().await;
        }
    }

    /// Hashes a new password.
    pub(crate) async fn hash(&self, password: &Secret) -> Result<PasswordHash, Error> {
        let (params, password) = (self.params.clone(), password.clone());
        let salt = salt(self.entropy.as_ref());
        self.run(move || hash(&params, &password, &salt))
            .await?
            .map_err(|error| Error::Internal(error.to_string()))
    }

    /// Whether it is the password. Takes as long when there is no hash to compare with, and then says no.
    pub(crate) async fn verify(
        &self,
        password: &Secret,
        hash: Option<&PasswordHash>,
    ) -> Result<bool, Error> {
        let known = hash.is_some();
        let (hash, password) = (hash.unwrap_or(&self.decoy).clone(), password.clone());
        let matches = self
            .run(move || {
                // The cost is the hash's own, so that hashes made under other options still verify.
                Phc::new(&hash.0).is_ok_and(|phc| {
                    Argon2::default()
                        .verify_password(password.reveal().as_bytes(), &phc)
                        .is_ok()
                })
            })
            .await?;
        Ok(known && matches)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let stopped = |error: &dyn std::fmt::Display| Error::Internal(error.to_string());
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| Error::Busy {
                what: "the queue of password hashing",
                retry_after: RETRY_AFTER,
            })?;
        let thread = Arc::clone(&self.threads)
            .acquire_owned()
            .await
            .map_err(|error| stopped(&error))?;
        tokio::task::spawn_blocking(move || {
            // Held by the work, not by the waiter: a caller that goes away must not free the memory before it is free.
            let _held = (place, thread);
            work()
        })
        .await
        .map_err(|error| stopped(&error))
    }
}

fn salt(entropy: &dyn Entropy) -> [u8; SALT_BYTES] {
    let mut salt = [0; SALT_BYTES];
    entropy.fill(&mut salt);
    salt
}

fn hash(
    params: &Params,
    password: &Secret,
    salt: &[u8],
) -> Result<PasswordHash, argon2::password_hash::Error> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let phc = argon2.hash_password_with_salt(password.reveal().as_bytes(), salt)?;
    Ok(PasswordHash(phc.to_string()))
}

#[cfg(test)]
mod tests {
    use civitas_model::SystemEntropy;

    use super::*;

    fn hasher(queue_max: usize) -> Hasher {
        let options = Hashing {
            memory_kib: 64,
            passes: 1,
            concurrency: 1,
            queue_max,
        };
        Hasher::open(options, Arc::new(SystemEntropy)).unwrap()
    }

    #[tokio::test]
    async fn only_the_password_itself_verifies() {
        let hasher = hasher(8);
        let hash = hasher.hash(&Secret::new("correct horse")).await.unwrap();
        assert!(hash.0.starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
        let verify = async |password: &str| {
            let password = Secret::new(password);
            hasher.verify(&password, Some(&hash)).await.unwrap()
        };
        assert!(verify("correct horse").await);
        assert!(!verify("correct horsf").await);
        let again = hasher.hash(&Secret::new("correct horse")).await.unwrap();
        assert_ne!(hash, again, "each hash has its own salt");
    }

    #[tokio::test]
    async fn without_a_hash_nothing_verifies() {
        let hasher = hasher(8);
        assert!(!hasher.verify(&Secret::new("x"), None).await.unwrap());
    }

    #[tokio::test]
    async fn the_decoy_costs_what_a_real_hash_costs() {
        let hasher = hasher(8);
        let real = hasher.hash(&Secret::new("x")).await.unwrap();
        let cost = |hash: &PasswordHash| hash.0.split('$').nth(3).unwrap().to_owned();
        assert_eq!(cost(&hasher.decoy), cost(&real));
    }

    #[tokio::test]
    async fn a_full_queue_refuses_instead_of_growing() {
        let hasher = hasher(0);
        let place = Arc::clone(&hasher.places).try_acquire_owned().unwrap();
        let refused = hasher.hash(&Secret::new("x")).await.unwrap_err();
        assert!(matches!(refused, Error::Busy { .. }));
        drop(place);
        assert!(hasher.hash(&Secret::new("x")).await.is_ok());
    }
}
