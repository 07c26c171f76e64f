//! Children between two jobs.
//!
//! A child only ever works for the tenant of its first job: what a document of one tenant left in its memory, or made of
//! its parser, never meets a document of another. A reset within the process could promise that only to a parser that
//! was not taken over; a fresh process keeps it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use civitas_model::TenantId;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::Pooling;
use super::spawn::Spawner;
use super::worker::Worker;

/// The children that wait for a job, the longest-waiting first. Dropping the pool kills them.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) pooling: Pooling,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Started ahead, for a tenant that has none of its own.
    blank: Option<Worker>,
    /// Whether one is being started.
    is_starting: bool,
    idle: VecDeque<Idle>,
    /// Ends children whose time is over; none when nobody waits.
    sweeper: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Idle {
    tenant: TenantId,
    worker: Worker,
    until: Instant,
}

/// What a job gets from the pool.
pub(super) struct Taken {
    /// A child that worked for the same tenant, ready for another job.
    pub(super) worker: Option<Worker>,
    /// Children that must end before a new one starts.
    pub(super) evicted: Vec<Worker>,
}

impl Pool {
    pub(super) fn new(pooling: Pooling) -> Arc<Self> {
        Arc::new(Self {
            pooling,
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A child for a job of `tenant`. Where there is none, no more than `idle_max` others go on waiting.
    pub(super) fn take(&self, tenant: &TenantId, idle_max: usize) -> Taken {
        let mut state = self.state();
        let mut evicted = Vec::new();
        while let Some(place) = state.idle.iter().rposition(|idle| idle.tenant == *tenant) {
            let Some(Idle { mut worker, .. }) = state.idle.remove(place) else {
                break;
            };
            if worker.is_alive() {
                return Taken {
                    worker: Some(worker),
                    evicted,
                };
            }
            evicted.push(worker);
        }
        while state.idle.len() > idle_max {
            evicted.extend(state.idle.pop_front().map(|idle| idle.worker));
        }
        Taken {
            worker: None,
            evicted,
        }
    }

    /// The child that never worked for anybody.
    pub(super) fn take_blank(&self) -> Option<Worker> {
        let mut blank = self.state().blank.take()?;
        blank.is_alive().then_some(blank)
    }

    /// Keeps a child ahead for whoever comes next, unless none is wanted, there is one, or one is about to be.
    pub(super) fn start_ahead(self: &Arc<Self>, spawner: &Spawner) {
        {
            let mut state = self.state();
            if !self.pooling.ahead || state.is_starting || state.blank.is_some() {
                return;
            }
            state.is_starting = true;
        }
        let (pool, spawner) = (Arc::downgrade(self), spawner.clone());
        tokio::spawn(async move {
            let started = async {
                let mut worker = spawner.spawn(None).await?;
                worker.set_up().await?;
                std::io::Result::Ok(worker)
            };
            // Without one the next tenant waits for a start of its own, which says what is wrong.
            let blank = started.await.ok();
            if let Some(pool) = pool.upgrade() {
                let mut state = pool.state();
                state.is_starting = false;
                state.blank = blank;
            }
        });
    }

    /// Keeps a child for the next job of `tenant`, for a while.
    pub(super) fn park(self: &Arc<Self>, tenant: &TenantId, worker: Worker) {
        let mut state = self.state();
        state.idle.push_back(Idle {
            tenant: tenant.clone(),
            worker,
            until: Instant::now() + self.pooling.idle,
        });
        let swept = state
            .sweeper
            .as_ref()
            .is_some_and(|task| !task.is_finished());
        if !swept {
            state.sweeper = Some(tokio::spawn(sweep(Arc::downgrade(self))));
        }
    }

    /// Takes out the children whose time is over; says when the next one's is.
    fn expire(&self) -> (Vec<Worker>, Option<Instant>) {
        let mut state = self.state();
        let now = Instant::now();
        let mut expired = Vec::new();
        while state.idle.front().is_some_and(|idle| idle.until <= now) {
            expired.extend(state.idle.pop_front().map(|idle| idle.worker));
        }
        let next = state.idle.front().map(|idle| idle.until);
        if next.is_none() {
            // The next child that is parked gets a sweeper of its own.
            state.sweeper = None;
        }
        (expired, next)
    }
}

async fn sweep(pool: Weak<Pool>) {
    loop {
        let Some((expired, next)) = pool.upgrade().map(|pool| pool.expire()) else {
            return;
        };
        for worker in expired {
            worker.end().await;
        }
        match next {
            Some(until) => tokio::time::sleep_until(until).await,
            None => return,
        }
    }
}
