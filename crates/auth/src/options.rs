//! What can be chosen when authentication is opened.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use civitas_model::{Entropy, SystemEntropy};
use civitas_storage::Store;

use crate::rate_limit::RateLimits;

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// How to open authentication. Time is the store's clock, so that tokens and what is stored about them agree.
#[derive(Clone)]
pub struct AuthOptions {
    /// Where everything durable is kept.
    pub store: Store,
    /// Where keys, tokens, ids and salts come from.
    pub entropy: Arc<dyn Entropy>,
    /// The folder in which `keys/` is kept.
    pub data_dir: PathBuf,
    /// What hashing a password costs.
    pub hashing: Hashing,
    /// How long credentials live.
    pub lifetimes: Lifetimes,
    /// How often what may be tried.
    pub rate_limits: RateLimits,
}

impl AuthOptions {
    /// The defaults.
    pub fn new(store: Store, data_dir: impl Into<PathBuf>) -> Self {
        Self {
            store,
            entropy: Arc::new(SystemEntropy),
            data_dir: data_dir.into(),
            hashing: Hashing::default(),
            lifetimes: Lifetimes::default(),
            rate_limits: RateLimits::default(),
        }
    }
}

/// What hashing a password costs: argon2id (RFC 9106).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hashing {
    /// Memory per hash, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Hashes at a time, each on one blocking thread.
    pub concurrency: usize,
    /// Hashes that may wait for a thread; more are refused with [`Error::Busy`](crate::Error::Busy).
    pub queue_max: usize,
}

impl Default for Hashing {
    /// 19 MiB and two passes, the smallest setting OWASP recommends: about 20 ms on one core.
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            passes: 2,
            concurrency: 2,
            queue_max: 64,
        }
    }
}

/// How long credentials live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// Access tokens.
    pub access: Duration,
    /// Refresh tokens, each from when it was given.
    pub refresh: Duration,
    /// How long after its use a refresh token still gives another successor.
    pub refresh_grace: Duration,
    /// Sessions; a user's last longer with every refresh.
    pub session: Duration,
    /// WebSocket tickets.
    pub ticket: Duration,
    /// Invitations.
    pub invitation: Duration,
    /// Service tokens, at most.
    pub service_max: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            access: MINUTE * 15,
            refresh: DAY * 30,
            refresh_grace: Duration::from_secs(10),
            session: DAY,
            ticket: Duration::from_secs(30),
            invitation: DAY * 7,
            service_max: DAY * 366,
        }
    }
}
