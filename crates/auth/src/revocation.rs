//! What ended before its time, in memory, so that the check of every request reads no database.
//!
//! An entry only matters while an access token from before it can be alive, so it is forgotten after that.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use civitas_model::{SessionId, Timestamp, UserId};
use civitas_storage::{SqlError, Store};

use crate::error::Error;

/// Entries at most, about 20 MiB. More logouts than this in 15 minutes are refused, never forgotten.
const ENTRIES_MAX: usize = 100_000;
const PRUNE_INTERVAL: Duration = Duration::from_mins(1);

/// One thing that ended.
#[derive(Debug, Clone)]
pub(crate) enum Revoked {
    /// Tokens of a user below this version.
    Below(UserId, u64),
    /// Tokens of a session.
    Session(SessionId),
}

/// Everything that ended of late.
pub(crate) struct Revocations {
    keep: Duration,
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    users: HashMap<UserId, (u64, Timestamp)>,
    sessions: HashMap<SessionId, Timestamp>,
    pruned_at: Timestamp,
}

impl Revocations {
    /// Reads what ended within `keep`, the lifetime of an access token.
    pub(crate) async fn load(
        store: &Store,
        keep: Duration,
        now: Timestamp,
    ) -> Result<Self, SqlError> {
        let since = now.minus(keep);
        let limit = u32::try_from(ENTRIES_MAX).unwrap_or(u32::MAX);
        let users = store
            .users()
            .token_versions_raised_since(since, limit)
            .await?;
        let sessions = store
            .refresh_tokens()
            .sessions_revoked_since(since, limit)
            .await?;
        Ok(Self {
            keep,
            state: RwLock::new(State {
                users: users
                    .into_iter()
                    .map(|(user, version)| (user, (version, now)))
                    .collect(),
                sessions: sessions.into_iter().map(|session| (session, now)).collect(),
                pruned_at: now,
            }),
        })
    }

    /// Whether a token of this user, version and session still counts.
    pub(crate) fn allow(&self, user: &UserId, version: u64, session: Option<&SessionId>) -> bool {
        let state = self.read();
        let current = state
            .users
            .get(user)
            .is_none_or(|(lowest, _)| version >= *lowest);
        current && session.is_none_or(|session| !state.sessions.contains_key(session))
    }

    /// Refuses when nothing more can be remembered. Asked before anything is committed.
    pub(crate) fn require_room(&self, now: Timestamp) -> Result<(), Error> {
        let mut state = self.write();
        state.prune(now, self.keep);
        if state.users.len() + state.sessions.len() < ENTRIES_MAX {
            return Ok(());
        }
        Err(Error::Busy {
            what: "the list of ended sessions",
            retry_after: PRUNE_INTERVAL,
        })
    }

    /// Remembers what ended.
    pub(crate) fn add(&self, revoked: &[Revoked], now: Timestamp) {
        let mut state = self.write();
        for entry in revoked {
            match entry {
                Revoked::Below(user, version) => {
                    let lowest = state.users.entry(user.clone()).or_insert((*version, now));
                    *lowest = (lowest.0.max(*version), now);
                }
                Revoked::Session(session) => {
                    state.sessions.insert(session.clone(), now);
                }
            }
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn prune(&mut self, now: Timestamp, keep: Duration) {
        if now.since(self.pruned_at) < PRUNE_INTERVAL {
            return;
        }
        self.pruned_at = now;
        self.users.retain(|_, (_, at)| now.since(*at) <= keep);
        self.sessions.retain(|_, at| now.since(*at) <= keep);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_forgotten_when_no_token_can_need_them() {
        let revocations = Revocations {
            keep: Duration::from_mins(15),
            state: RwLock::default(),
        };
        let (user, session) = (UserId::trusted("u"), SessionId::trusted("s"));
        let start = Timestamp::from_micros(1_000_000_000);
        let ended = [
            Revoked::Below(user.clone(), 2),
            Revoked::Session(session.clone()),
        ];
        revocations.add(&ended, start);
        assert!(!revocations.allow(&user, 1, None));
        assert!(revocations.allow(&user, 2, None));
        assert!(!revocations.allow(&user, 2, Some(&session)));
        let later = start.plus(Duration::from_mins(16));
        revocations.require_room(later).unwrap();
        assert!(revocations.allow(&user, 1, Some(&session)));
    }

    #[test]
    fn a_version_is_never_lowered() {
        let revocations = Revocations {
            keep: Duration::from_mins(15),
            state: RwLock::default(),
        };
        let user = UserId::trusted("u");
        for version in [5, 3] {
            revocations.add(
                &[Revoked::Below(user.clone(), version)],
                Timestamp::default(),
            );
        }
        assert!(!revocations.allow(&user, 4, None));
    }
}
