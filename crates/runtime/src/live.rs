//! Live views: whoever follows an execution is told when its journal grew, and reads the rest from storage. So nothing
//! is shown that is not committed, and a client that comes back with its last number misses nothing.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use civitas_model::execution::Status;
use civitas_model::journal::{Entry, Kind};
use civitas_model::{Execution, ExecutionId, TenantId};
use civitas_storage::{Notice, SqlError, Store};
use tokio::sync::{Notify, watch};

/// Entries read at once.
const PAGE: u32 = 256;

/// What was said about an execution.
#[derive(Debug, Clone, Copy, Default)]
struct Signal {
    /// The newest status.
    status: Option<Status>,
    /// How often something may have been missed.
    missed: u64,
}

/// An execution that someone follows.
struct Watched {
    sender: watch::Sender<Signal>,
    watches: usize,
}

/// Who follows what.
#[derive(Default)]
pub(crate) struct Live {
    watched: Mutex<HashMap<ExecutionId, Watched>>,
    /// Woken when the scheduler should look.
    pub(crate) schedule: Notify,
}

impl Live {
    fn watched(&self) -> MutexGuard<'_, HashMap<ExecutionId, Watched>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn subscribe(&self, execution: &ExecutionId) -> watch::Receiver<Signal> {
        let mut watched = self.watched();
        let found = watched.entry(execution.clone()).or_insert_with(|| Watched {
            sender: watch::channel(Signal::default()).0,
            watches: 0,
        });
        found.watches += 1;
        found.sender.subscribe()
    }

    fn unsubscribe(&self, execution: &ExecutionId) {
        let mut watched = self.watched();
        if let Some(found) = watched.get_mut(execution) {
            found.watches -= 1;
            if found.watches == 0 {
                watched.remove(execution);
            }
        }
    }

    fn tell(&self, notices: &[Notice]) {
        let watched = self.watched();
        for notice in notices {
            match notice {
                Notice::Execution {
                    execution_id,
                    status,
                    ..
                } => {
                    if let Some(found) = watched.get(execution_id) {
                        found
                            .sender
                            .send_modify(|signal| signal.status = status.or(signal.status));
                    }
                }
                Notice::Schedule => self.schedule.notify_one(),
                _ => {}
            }
        }
    }

    /// A run of an execution ended: whoever waits for its end looks for themselves.
    pub(crate) fn run_ended(&self, execution: &ExecutionId) {
        if let Some(found) = self.watched().get(execution) {
            found.sender.send_modify(|signal| signal.missed += 1);
        }
    }

    /// Some notices were missed: everyone looks for themselves.
    fn tell_all(&self) {
        for found in self.watched().values() {
            found.sender.send_modify(|signal| signal.missed += 1);
        }
        self.schedule.notify_one();
    }
}

/// Passes notices on until the store is closed.
pub(crate) async fn relay(live: Arc<Live>, mut notices: civitas_storage::Notices) {
    while let Some(batch) = notices.next().await {
        match batch {
            Some(batch) => live.tell(&batch),
            None => live.tell_all(),
        }
    }
}

/// Follows one execution's journal from a number on.
pub struct Watch {
    store: Store,
    live: Arc<Live>,
    tenant_id: TenantId,
    execution_id: ExecutionId,
    last_seq: u64,
    /// Whether the last entry given is a final one; not known before the first.
    ended: Option<bool>,
    signal: watch::Receiver<Signal>,
    page: VecDeque<Entry>,
}

impl Watch {
    pub(crate) fn new(
        store: Store,
        live: Arc<Live>,
        tenant_id: TenantId,
        execution_id: ExecutionId,
        after_seq: u64,
    ) -> Self {
        let signal = live.subscribe(&execution_id);
        Self {
            store,
            live,
            tenant_id,
            execution_id,
            last_seq: after_seq,
            ended: None,
            signal,
            page: VecDeque::new(),
        }
    }

    /// The next entry, when there is one; `None` once the execution ended and everything was given.
    ///
    /// Safe to drop while waiting: nothing is lost.
    pub async fn next(&mut self) -> Result<Option<Entry>, SqlError> {
        loop {
            if let Some(entry) = self.page.pop_front() {
                self.last_seq = entry.seq;
                self.ended = Some(matches!(
                    entry.kind,
                    Kind::Completed | Kind::Failed | Kind::Cancelled
                ));
                return Ok(Some(entry));
            }
            self.signal.mark_unchanged();
            let page = self
                .store
                .executions()
                .journal(&self.tenant_id, &self.execution_id, self.last_seq, PAGE)
                .await?;
            self.page = page.into();
            if !self.page.is_empty() {
                continue;
            }
            // Whoever starts after the last entry is not told by an entry that nothing more will come.
            let ended = match self.ended {
                Some(ended) => ended,
                None => self.has_ended().await?,
            };
            // The sender lives as long as this watch, so an error cannot happen; ending is the safe answer.
            if ended || self.signal.changed().await.is_err() {
                return Ok(None);
            }
        }
    }

    async fn has_ended(&self) -> Result<bool, SqlError> {
        let executions = self.store.executions();
        let found = executions.find(&self.tenant_id, &self.execution_id).await?;
        // One that grew meanwhile is read again: its growth was signalled.
        Ok(found.is_none_or(|found| found.status.is_final() && found.last_seq <= self.last_seq))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.live.unsubscribe(&self.execution_id);
    }
}

/// Waits until an execution is in a final state and answers it as it is then. While it `runs` here, the end of its run
/// is still to be told, so that a look before is not worth while.
pub(crate) async fn wait_until_final(
    store: &Store,
    live: &Arc<Live>,
    tenant: &TenantId,
    execution: &ExecutionId,
    runs: impl FnOnce() -> bool,
) -> Result<Option<Execution>, SqlError> {
    let live = Arc::clone(live);
    let mut watch = Watch::new(store.clone(), live, tenant.clone(), execution.clone(), 0);
    let mut runs = Some(runs);
    loop {
        // Before it is asked whether it runs: what is told from here on is noticed below.
        let missed = watch.signal.borrow_and_update().missed;
        if !runs.take().is_some_and(|runs| runs()) {
            match store.executions().find(tenant, execution).await? {
                Some(found) if !found.status.is_final() => {}
                found => return Ok(found),
            }
        }
        // Not every entry is worth a look: only an end, or that it may have been missed.
        let wanted = |signal: &Signal| {
            signal.missed != missed || signal.status.is_some_and(Status::is_final)
        };
        loop {
            if watch.signal.changed().await.is_err() {
                return Ok(None);
            }
            if wanted(&watch.signal.borrow_and_update()) {
                break;
            }
        }
    }
}
