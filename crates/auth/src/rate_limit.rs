//! Rate limits: at most so many tries in any stretch of time, by whoever tries.

use std::net::IpAddr;
use std::time::Duration;

use civitas_storage::{Changeset, CommitError, Refusal, Store, Try};

use crate::error::Error;

/// At most `limit` tries in any `window`. Exact (a sliding window), kept in storage, so a restart forgives nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// How many tries, at most about a hundred.
    pub limit: u32,
    /// In how much time.
    pub window: Duration,
}

/// The limits of authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    /// Logins per client address.
    pub login: RateLimit,
    /// Registrations per client address.
    pub register: RateLimit,
    /// Wrong guesses of the present password when changing it, per user.
    pub change_password: RateLimit,
    /// Anonymous sessions per client address.
    pub anonymous_session: RateLimit,
}

/// Anonymous sessions a client address may open: each is a row that stays for a day. Many people may share an address,
/// and a page opens one session for each visitor, so this is generous; it only ends a flood.
const ANONYMOUS_SESSIONS: RateLimit = RateLimit::new(30, Duration::from_mins(1));

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            login: RateLimit::new(5, Duration::from_mins(1)),
            register: RateLimit::new(3, Duration::from_mins(5)),
            change_password: RateLimit::new(5, Duration::from_mins(1)),
            anonymous_session: ANONYMOUS_SESSIONS,
        }
    }
}

impl RateLimit {
    /// At most `limit` tries in any `window`.
    pub const fn new(limit: u32, window: Duration) -> Self {
        Self { limit, window }
    }

    /// Counts a try of `action` by `subject`, or refuses it with [`Error::RateLimited`].
    pub async fn take(&self, store: &Store, action: &str, subject: &str) -> Result<(), Error> {
        let attempt = Try {
            key: format!("{action}:{subject}"),
            limit: self.limit,
            window: self.window,
        };
        // Looking first keeps a flood off the committer: it only ever sees tries that are likely to be allowed.
        let mut retry_at = store.retry_at(&attempt).await?;
        if retry_at.is_none() {
            match store.commit(Changeset::new().with(attempt)).await {
                Ok(_) => return Ok(()),
                Err(CommitError::Refused(Refusal::RateLimited { retry_at: at })) => {
                    retry_at = Some(at);
                }
                Err(error) => return Err(error.into()),
            }
        }
        let wait = retry_at.map_or(Duration::ZERO, |at| at.since(store.clock().now()));
        Err(Error::RateLimited {
            limit: self.limit,
            window: self.window,
            retry_after: whole_seconds(wait),
        })
    }
}

/// Rounded up, at least one, as `Retry-After` (RFC 9110 section 10.2.3) needs it.
fn whole_seconds(wait: Duration) -> Duration {
    let partial = u64::from(wait.subsec_nanos() > 0);
    Duration::from_secs(wait.as_secs().saturating_add(partial).max(1))
}

/// What stands for a client address. An IPv6 client owns its whole /64 network, so addresses in it count as one.
pub(crate) fn address_key(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_client_is_its_network() {
        let key = |address: &str| address_key(address.parse().unwrap());
        assert_eq!(key("2001:db8:0:1::5"), key("2001:db8:0:1:ffff::"));
        assert_ne!(key("2001:db8:0:1::5"), key("2001:db8:0:2::5"));
        assert_eq!(key("::ffff:192.0.2.1"), "192.0.2.1");
    }

    #[test]
    fn waiting_is_told_in_whole_seconds_and_never_zero() {
        assert_eq!(whole_seconds(Duration::ZERO), Duration::from_secs(1));
        assert_eq!(
            whole_seconds(Duration::from_millis(1001)),
            Duration::from_secs(2)
        );
        assert_eq!(
            whole_seconds(Duration::from_mins(1)),
            Duration::from_mins(1)
        );
    }
}
