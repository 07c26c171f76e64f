//! The host: carries out what a running handler asks of its context.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use civitas_intent::host::{Batch, Child, Host, Read, SandboxJob, Stored};
use civitas_intent::{Error, Result, retry};
use civitas_model::execution::Intent;
use civitas_model::{ErrorCode, Execution, ExecutionId, TenantId, Timestamp, Write};
use civitas_providers::blobs::BlobError;
use civitas_providers::sandbox::SandboxError;
use civitas_storage::execution::Append;
use civitas_storage::{Changeset, Commit, CommitError, Refusal};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::child;
use crate::queue::Ready;
use crate::reading;
use crate::runtime::Engine;

/// Changesets of one execution on their way at the same time.
const PIPELINE_MAX: usize = 32;
/// Progress is written at most this often.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(250);

/// The host of one run.
pub(crate) struct RunHost {
    engine: Arc<Engine>,
    pub(crate) execution_id: ExecutionId,
    pub(crate) intent: Arc<Intent>,
    pipeline: Mutex<Pipeline>,
    progress_at: AtomicI64,
}

/// What was queued for the commit and has not been heard of yet, in order.
struct Pipeline {
    after_seq: u64,
    commits: VecDeque<(Commit, Option<Ready>)>,
    /// Once a changeset got lost, those after it cannot be applied: this is what became of the first.
    broken: Option<CommitError>,
}

impl RunHost {
    pub(crate) fn new(engine: Arc<Engine>, execution: Execution) -> Self {
        let pipeline = Pipeline {
            after_seq: execution.last_seq,
            commits: VecDeque::new(),
            broken: None,
        };
        Self {
            engine,
            execution_id: execution.execution_id,
            intent: Arc::new(execution.intent),
            pipeline: Mutex::new(pipeline),
            progress_at: AtomicI64::new(0),
        }
    }

    fn tenant(&self) -> &TenantId {
        &self.intent.tenant_id
    }

    /// Queues the run's first changeset, which appends one entry. The caller hears what became of it.
    pub(crate) async fn begin(
        &self,
        build: impl FnOnce(u64) -> Changeset,
    ) -> std::result::Result<Commit, CommitError> {
        let mut pipeline = self.pipeline.lock().await;
        let changeset = build(pipeline.after_seq).under(&self.engine.lease);
        let commit = self.engine.store.enqueue(changeset).await?;
        pipeline.after_seq += 1;
        Ok(commit)
    }

    /// Queues a changeset that appends `entries` entries; `build` is given the number of the entry it follows.
    pub(crate) async fn enqueue(
        &self,
        entries: usize,
        child: Option<Ready>,
        build: impl FnOnce(u64) -> Changeset,
    ) -> std::result::Result<(), CommitError> {
        // One handler runs on this host, so nobody contends for the lock.
        let mut pipeline = self.pipeline.lock().await;
        while pipeline.commits.len() >= PIPELINE_MAX {
            self.reap(&mut pipeline).await?;
        }
        if let Some(error) = &pipeline.broken {
            return Err(error.clone());
        }
        let changeset = build(pipeline.after_seq).under(&self.engine.lease);
        let commit = self.engine.store.enqueue(changeset).await?;
        pipeline.after_seq += entries as u64;
        pipeline.commits.push_back((commit, child));
        Ok(())
    }

    /// Waits until everything queued is durable.
    pub(crate) async fn settle(&self) -> std::result::Result<(), CommitError> {
        let mut pipeline = self.pipeline.lock().await;
        while !pipeline.commits.is_empty() {
            self.reap(&mut pipeline).await?;
        }
        pipeline.broken.clone().map_or(Ok(()), Err)
    }

    /// Hears of the oldest changeset. Safe to drop while waiting: it is still there then.
    async fn reap(&self, pipeline: &mut Pipeline) -> std::result::Result<(), CommitError> {
        let Some((commit, _)) = pipeline.commits.front_mut() else {
            return Ok(());
        };
        let heard = commit.await;
        let child = pipeline.commits.pop_front().and_then(|(_, child)| child);
        if let Err(error) = heard {
            pipeline.commits.clear();
            pipeline.broken = Some(error.clone());
            return Err(error);
        }
        if let Some(child) = child {
            self.engine.queue.push_fresh(child);
        }
        Ok(())
    }

    async fn commit_batch(&self, batch: Batch) -> Result<()> {
        let tenant = self.tenant();
        if batch.writes.iter().any(|write| !is_of(write, tenant)) {
            let message = "the handler wrote into another tenant: report this as a defect";
            return Err(Error::rejected(ErrorCode::Internal, message));
        }
        let child = batch
            .child
            .map(|child| self.check_child(*child))
            .transpose()?;
        let ready = child
            .as_ref()
            .map(|child| Ready::fresh(child::execution(child)));
        let entries = batch.entries.len();
        let append = |after_seq| Append {
            tenant_id: tenant.clone(),
            execution_id: self.execution_id.clone(),
            after_seq,
            entries: batch.entries,
        };
        self.enqueue(entries, ready, |after_seq| {
            let changeset = Changeset::new()
                .with(append(after_seq))
                .with_writes(batch.writes);
            match child {
                Some(child) => changeset.with(child::submit(child, &self.execution_id)),
                None => changeset,
            }
        })
        .await
        .map_err(lost)
    }

    fn check_child(&self, child: Child) -> Result<Child> {
        child::check(&self.engine.registry, child, &self.intent.metadata)
    }
}

impl Host for RunHost {
    fn append(&self, batch: Batch) -> BoxFuture<'_, Result<()>> {
        self.commit_batch(batch).boxed()
    }

    fn flush(&self) -> BoxFuture<'_, Result<()>> {
        async { self.settle().await.map_err(lost) }.boxed()
    }

    fn read(&self, read: Read) -> BoxFuture<'_, Result<Value>> {
        async {
            // A handler that reads what it wrote must find it; the time is not written.
            if read != Read::Now {
                self.settle().await.map_err(lost)?;
            }
            reading::answer(&self.engine, self.tenant(), read).await
        }
        .boxed()
    }

    fn sandbox(&self, job: SandboxJob) -> BoxFuture<'static, Result<Stored>> {
        let services = self.engine.services.clone();
        let tenant = self.tenant().clone();
        async move {
            let (_, input) = services
                .blobs
                .stream(&tenant, &job.digest, None)
                .await
                .map_err(blob_error)?;
            let output = services
                .sandbox
                .run(&job.request, input)
                .await
                .map_err(sandbox_error)?;
            let stored = services
                .blobs
                .put(&tenant, output)
                .await
                .map_err(blob_error)?;
            Ok(Stored {
                digest: stored.digest,
                size: stored.size,
            })
        }
        .boxed()
    }

    fn put_blob(&self, bytes: Bytes) -> BoxFuture<'static, Result<Stored>> {
        let blobs = self.engine.services.blobs.clone();
        let tenant = self.tenant().clone();
        async move {
            let stored = blobs.put(&tenant, bytes).await.map_err(blob_error)?;
            Ok(Stored {
                digest: stored.digest,
                size: stored.size,
            })
        }
        .boxed()
    }

    fn get_blob(&self, digest: String, limit: u64) -> BoxFuture<'static, Result<Bytes>> {
        let blobs = self.engine.services.blobs.clone();
        let tenant = self.tenant().clone();
        async move { blobs.get(&tenant, &digest, limit).await.map_err(blob_error) }.boxed()
    }

    fn wants_progress(&self) -> bool {
        let now = self.engine.clock.now().as_micros();
        let shown = self.progress_at.load(Ordering::Relaxed);
        let due = now - shown >= i64::try_from(PROGRESS_INTERVAL.as_micros()).unwrap_or(i64::MAX);
        if due {
            self.progress_at.store(now, Ordering::Relaxed);
        }
        due
    }

    fn now(&self) -> Timestamp {
        self.engine.clock.now()
    }
}

/// Whether a write stays within the tenant.
fn is_of(write: &Write, tenant: &TenantId) -> bool {
    match write {
        Write::Records { records } => records.iter().all(|record| record.tenant_id == *tenant),
        write => write.tenant_id().is_none_or(|id| id == tenant),
    }
}

/// A commit that was refused means that this run was superseded; one that failed, that storage is not available.
pub(crate) fn lost(error: CommitError) -> Error {
    match error {
        CommitError::Refused(Refusal::LeaseLost | Refusal::WrongState { .. }) => {
            Error::superseded()
        }
        error => retry(error.to_string()),
    }
}

fn blob_error(error: BlobError) -> Error {
    match error {
        BlobError::NotFound => Error::rejected(
            ErrorCode::NotFound,
            "the content is gone: it was purged, or never stored",
        ),
        BlobError::TooLarge { .. } => {
            Error::rejected(ErrorCode::PayloadTooLarge, error.to_string())
        }
        BlobError::InvalidDigest => Error::rejected(ErrorCode::IntentRejected, error.to_string()),
        error => retry(error.to_string()),
    }
}

fn sandbox_error(error: SandboxError) -> Error {
    match error {
        SandboxError::Busy | SandboxError::Input(_) | SandboxError::Io(_) => {
            retry(error.to_string())
        }
        SandboxError::Rejected { .. } => {
            Error::rejected(ErrorCode::IntentRejected, error.to_string())
        }
        error => Error::rejected(ErrorCode::SandboxFailed, error.to_string()),
    }
}
