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

/// The newest thing said about an execution.
#[derive(Debug, Clone, Copy, Default)]
struct Signal {
    status: Option<Status>,
}

/// Who follows what.
#[derive(Default)]
pub(crate) struct Live {
    watched: Mutex<HashMap<ExecutionId, watch::Sender<Signal>>>,
    /// Woken when the scheduler should look.
    pub(crate) schedule: Notify,
}

impl Live {
    fn watched(&self) -> MutexGuard<'_, HashMap<ExecutionId, watch::Sender<Signal>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn subscribe(&self, execution: &ExecutionId) -> watch::Receiver<Signal> {
        self.watched()
            .entry(execution.clone())
            .or_insert_with(|| watch::channel(Signal::default()).0)
            .subscribe()
    }

    fn unsubscribe(&self, execution: &ExecutionId) {
        let mut watched = self.watched();
        // The receiver that is being dropped still counts.
        if watched
            .get(execution)
            .is_some_and(|sender| sender.receiver_count() <= 1)
        {
            watched.remove(execution);
        }
    }

    fn tell(&self, notice: &Notice) {
        match notice {
            Notice::Execution {
                execution_id,
                status,
                ..
            } => {
                if let Some(sender) = self.watched().get(execution_id) {
                    sender.send_replace(Signal { status: *status });
                }
            }
            Notice::Schedule => self.schedule.notify_one(),
            Notice::Records => {}
        }
    }

    /// Some notices were missed: everyone looks for themselves.
    fn tell_all(&self) {
        for sender in self.watched().values() {
            sender.send_replace(Signal::default());
        }
        self.schedule.notify_one();
    }
}

/// Passes notices on until the store is closed.
pub(crate) async fn relay(live: Arc<Live>, mut notices: civitas_storage::Notices) {
    while let Some(batch) = notices.next().await {
        match batch {
            Some(batch) => batch.iter().for_each(|notice| live.tell(notice)),
            None => live.tell_all(),
        }
    }
}

/// Follows one execution's journal from a number on.
pub struct Watch {
    store: Store,
    live: Arc<Live>,
    execution_id: ExecutionId,
    last_seq: u64,
    ended: bool,
    signal: watch::Receiver<Signal>,
    page: VecDeque<Entry>,
}

impl Watch {
    pub(crate) fn new(
        store: Store,
        live: Arc<Live>,
        execution_id: ExecutionId,
        after_seq: u64,
    ) -> Self {
        let signal = live.subscribe(&execution_id);
        Self {
            store,
            live,
            execution_id,
            last_seq: after_seq,
            ended: false,
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
                self.ended = matches!(entry.kind, Kind::Completed | Kind::Failed | Kind::Cancelled);
                return Ok(Some(entry));
            }
            self.signal.mark_unchanged();
            let page = self
                .store
                .executions()
                .journal(&self.execution_id, self.last_seq, PAGE)
                .await?;
            self.page = page.into();
            if !self.page.is_empty() {
                continue;
            }
            // The sender lives as long as this watch, so an error cannot happen; ending is the safe answer.
            if self.ended || self.signal.changed().await.is_err() {
                return Ok(None);
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.live.unsubscribe(&self.execution_id);
    }
}

/// Waits until an execution is in a final state and answers it as it is then.
pub(crate) async fn wait_until_final(
    store: &Store,
    live: &Arc<Live>,
    tenant: &TenantId,
    execution: &ExecutionId,
) -> Result<Option<Execution>, SqlError> {
    let mut watch = Watch::new(store.clone(), Arc::clone(live), execution.clone(), 0);
    loop {
        watch.signal.mark_unchanged();
        match store.executions().find(tenant, execution).await? {
            Some(found) if !found.status.is_final() => {}
            found => return Ok(found),
        }
        // Only a change of status, or a signal that says nothing, is worth a look.
        let wanted = |signal: &Signal| signal.status.is_none_or(Status::is_final);
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
