//! The pipeline: what a run wrote and is not durable yet, in order.
//!
//! A handler only adds to it; whoever drives the handler sends what was added as soon as the handler waits for
//! something. So an execution that never waits is one changeset from its start to its end.

use std::collections::VecDeque;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use civitas_audit::NewEntry as AuditEntry;
use civitas_intent::host::{Batch, Child};
use civitas_model::execution::{Intent, Wait};
use civitas_model::journal::NewEntry;
use civitas_model::{ExecutionId, Write};
use civitas_storage::execution::{Append, Finish, Outcome, Start, Suspend};
use civitas_storage::{Changeset, Commit, CommitError};

use crate::child;
use crate::queue::Ready;

/// Entries and writes that wait to be sent, at most.
const UNSENT_MAX: usize = 512;
/// How long they wait at most while the handler is busy.
const UNSENT_TIME_MAX: Duration = Duration::from_millis(5);
/// Changesets on their way at the same time, at most.
const COMMITS_MAX: usize = 32;

/// How a run ends.
pub(crate) enum End {
    /// For good.
    Finish(Outcome),
    /// Until what it waits for arrives.
    Suspend(Wait),
}

/// See the module.
pub(crate) struct Pipeline {
    execution_id: ExecutionId,
    /// The last entry that was sent.
    after_seq: u64,
    /// Whether the run's start was not sent yet.
    starts: bool,
    entries: Vec<NewEntry>,
    writes: Vec<Write>,
    /// What the audit log is told with the writes.
    audits: Vec<AuditEntry>,
    children: Vec<Child>,
    /// What is asked of people and used of what they approved, with its entries of the audit log.
    approvals: Vec<Changeset>,
    unsent_since: Option<Instant>,
    /// Whether a changeset was taken to be sent and is not on its way yet.
    is_sending: bool,
    commits: VecDeque<(Commit, Vec<Ready>)>,
    /// Once a changeset got lost, those after it cannot be applied: this is what became of the first.
    broken: Option<CommitError>,
    /// Whether the handler waits for the pipeline to move.
    is_awaited: bool,
}

impl Pipeline {
    /// One that begins with the start of a run.
    pub(crate) fn new(execution_id: ExecutionId, after_seq: u64, started: NewEntry) -> Self {
        Self {
            execution_id,
            after_seq,
            starts: true,
            entries: vec![started],
            writes: Vec::new(),
            audits: Vec::new(),
            children: Vec::new(),
            approvals: Vec::new(),
            unsent_since: Some(Instant::now()),
            is_sending: false,
            commits: VecDeque::new(),
            broken: None,
            is_awaited: false,
        }
    }

    /// Adds what the audit log is told with the writes that are added next.
    pub(crate) fn note(&mut self, audits: Vec<AuditEntry>) {
        self.audits.extend(audits);
    }

    /// Adds what belongs together.
    pub(crate) fn add(&mut self, batch: Batch, approval: Option<Changeset>) {
        self.unsent_since.get_or_insert_with(Instant::now);
        self.entries.extend(batch.entries);
        self.writes.extend(batch.writes);
        self.children.extend(batch.child.map(|child| *child));
        self.approvals.extend(approval);
    }

    /// Whether more may be added now; otherwise the handler waits for the pipeline to move.
    pub(crate) fn poll_room(&mut self) -> Poll<Result<(), CommitError>> {
        let is_full = self.entries.len() + self.writes.len() >= UNSENT_MAX
            || self
                .unsent_since
                .is_some_and(|since| since.elapsed() >= UNSENT_TIME_MAX);
        self.poll_unless(is_full)
    }

    /// Whether everything is durable; otherwise the handler waits for it.
    pub(crate) fn poll_settled(&mut self) -> Poll<Result<(), CommitError>> {
        let is_moving = self.unsent_since.is_some() || self.is_sending || !self.commits.is_empty();
        self.poll_unless(is_moving)
    }

    fn poll_unless(&mut self, waits: bool) -> Poll<Result<(), CommitError>> {
        if let Some(error) = &self.broken {
            return Poll::Ready(Err(error.clone()));
        }
        self.is_awaited = waits;
        if waits {
            Poll::Pending
        } else {
            Poll::Ready(Ok(()))
        }
    }

    /// Whether the handler waits for the pipeline to move.
    pub(crate) const fn is_awaited(&self) -> bool {
        self.is_awaited
    }

    /// Takes what is to be sent now, if anything, with the children that may run once it is durable.
    pub(crate) fn take(&mut self, intent: &Intent) -> Option<(Changeset, Vec<Ready>)> {
        let may_send = self.unsent_since.is_some()
            && self.broken.is_none()
            && !self.is_sending
            && self.commits.len() < COMMITS_MAX;
        may_send.then(|| self.changeset(intent, None))
    }

    /// Takes the rest, with the end of the run.
    pub(crate) fn take_end(
        &mut self,
        intent: &Intent,
        entry: NewEntry,
        last: Vec<Write>,
        end: End,
    ) -> Result<(Changeset, Vec<Ready>), CommitError> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        self.writes.extend(last);
        Ok(self.changeset(intent, Some((entry, end))))
    }

    /// What was taken is on its way, or was not taken by the committer.
    pub(crate) fn sent(&mut self, commit: Result<Commit, CommitError>, children: Vec<Ready>) {
        self.is_sending = false;
        match commit {
            Ok(commit) => self.commits.push_back((commit, children)),
            Err(error) => self.broken = Some(error),
        }
    }

    /// Hears what became of changesets on their way. `Ready` with the children that may run now when one became
    /// durable, or with nothing when none is on its way.
    pub(crate) fn poll_durable(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<Vec<Ready>>, CommitError>> {
        if let Some(error) = &self.broken {
            return Poll::Ready(Err(error.clone()));
        }
        let Some((commit, _)) = self.commits.front_mut() else {
            return Poll::Ready(Ok(None));
        };
        match std::pin::Pin::new(commit).poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(_)) => {
                let durable = self.commits.pop_front();
                Poll::Ready(Ok(durable.map(|(_, children)| children)))
            }
            Poll::Ready(Err(error)) => {
                self.commits.clear();
                self.broken = Some(error.clone());
                Poll::Ready(Err(error))
            }
        }
    }

    fn changeset(
        &mut self,
        intent: &Intent,
        end: Option<(NewEntry, End)>,
    ) -> (Changeset, Vec<Ready>) {
        self.unsent_since = None;
        self.is_sending = true;
        let mut entries = std::mem::take(&mut self.entries);
        let tenant_id = || intent.tenant_id.clone();
        let mut changeset = Changeset::new();
        if std::mem::take(&mut self.starts) {
            let entries = std::mem::take(&mut entries);
            let (execution_id, after_seq) = self.follow(entries.len());
            changeset = changeset.with(Start {
                tenant_id: tenant_id(),
                execution_id,
                after_seq,
                entries,
            });
        }
        changeset = changeset.with_writes(std::mem::take(&mut self.writes));
        for entry in std::mem::take(&mut self.audits) {
            changeset = changeset.with(entry);
        }
        let end = end.map(|(entry, end)| {
            entries.push(entry);
            end
        });
        if !entries.is_empty() {
            let (execution_id, after_seq) = self.follow(entries.len());
            let tenant_id = tenant_id();
            changeset = match end {
                None => changeset.with(Append {
                    tenant_id,
                    execution_id,
                    after_seq,
                    entries,
                }),
                Some(End::Suspend(wait)) => changeset.with(Suspend {
                    tenant_id,
                    execution_id,
                    after_seq,
                    entries,
                    wait,
                }),
                Some(End::Finish(outcome)) => changeset.with(Finish {
                    tenant_id,
                    execution_id,
                    after_seq,
                    entries,
                    outcome,
                }),
            };
        }
        for approval in std::mem::take(&mut self.approvals) {
            changeset = changeset.with_all(approval);
        }
        let mut ready = Vec::new();
        for child in std::mem::take(&mut self.children) {
            ready.push(Ready::fresh(child::execution(&child)));
            changeset = changeset.with(child::submit(child, &self.execution_id));
        }
        (changeset, ready)
    }

    /// The execution, and the entry that these many more follow.
    fn follow(&mut self, entries: usize) -> (ExecutionId, u64) {
        let after_seq = self.after_seq;
        self.after_seq += entries as u64;
        (self.execution_id.clone(), after_seq)
    }
}
