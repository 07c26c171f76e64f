//! The host: carries out what a running handler asks of its context.

use std::future::poll_fn;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use civitas_intent::host::{Batch, Child, Host, Read, SandboxJob, Stored};
use civitas_intent::{ApprovalRequest, Error, Result, retry};
use civitas_model::execution::Intent;
use civitas_model::journal::NewEntry;
use civitas_model::{ErrorCode, Execution, ExecutionId, TenantId, Timestamp, Write};
use civitas_providers::blobs::BlobError;
use civitas_providers::sandbox::SandboxError;
use civitas_storage::{Changeset, CommitError, Need, Refusal};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value;
use tokio::sync::OwnedMutexGuard;

use crate::pipeline::{End, Pipeline};
use crate::queue::Ready;
use crate::reading;
use crate::runtime::Engine;
use crate::{approval, audited, child};

/// Progress is written at most this often.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(250);

/// The host of one run.
pub(crate) struct RunHost {
    engine: Arc<Engine>,
    pub(crate) execution_id: ExecutionId,
    pub(crate) intent: Arc<Intent>,
    /// Never held across an await; one handler and whoever drives it use it in turns.
    pipeline: Mutex<Pipeline>,
    progress_at: AtomicI64,
    /// What this run alone may do, until it has ended.
    held: Mutex<Vec<OwnedMutexGuard<()>>>,
}

impl RunHost {
    pub(crate) fn new(engine: Arc<Engine>, execution: Execution, started: NewEntry) -> Self {
        let id = execution.execution_id.clone();
        let pipeline = Pipeline::new(id, execution.last_seq, started);
        Self {
            engine,
            execution_id: execution.execution_id,
            intent: Arc::new(execution.intent),
            pipeline: Mutex::new(pipeline),
            progress_at: AtomicI64::new(0),
            held: Mutex::default(),
        }
    }

    fn tenant(&self) -> &TenantId {
        &self.intent.tenant_id
    }

    fn pipeline(&self) -> MutexGuard<'_, Pipeline> {
        self.pipeline.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a handler of this host; whenever it waits, sends what it wrote, and hears what became of that.
    ///
    /// Fails as soon as something that was sent got lost: the handler must not go on then.
    pub(crate) async fn drive<T>(
        &self,
        handler: impl Future<Output = T>,
    ) -> std::result::Result<T, CommitError> {
        let mut handler = std::pin::pin!(handler);
        let mut sending: Option<BoxFuture<'_, ()>> = None;
        let ended = poll_fn(|context| {
            loop {
                if let Poll::Ready(answer) = handler.as_mut().poll(context) {
                    return Poll::Ready(Ok(answer));
                }
                let moved = self.poll_pipeline(context, &mut sending)?;
                if !(moved && self.pipeline().is_awaited()) {
                    return Poll::Pending;
                }
            }
        })
        .await;
        if let Some(sending) = sending {
            sending.await;
        }
        ended
    }

    /// Moves the pipeline as far as it goes now; says whether it moved.
    fn poll_pipeline<'a>(
        &'a self,
        context: &mut std::task::Context<'_>,
        sending: &mut Option<BoxFuture<'a, ()>>,
    ) -> std::result::Result<bool, CommitError> {
        let mut moved = false;
        loop {
            if sending.is_none() {
                let taken = self.pipeline().take(&self.intent);
                *sending =
                    taken.map(|(changeset, children)| self.send(changeset, children).boxed());
            }
            let mut went_on = false;
            if let Some(future) = sending
                && future.as_mut().poll(context).is_ready()
            {
                *sending = None;
                went_on = true;
            }
            if let Poll::Ready(heard) = self.poll_durable(context) {
                went_on |= heard?;
            }
            if !went_on {
                return Ok(moved);
            }
            moved = true;
        }
    }

    async fn send(&self, changeset: Changeset, children: Vec<Ready>) {
        let changeset = changeset.under(&self.engine.lease);
        let commit = self.engine.store.enqueue(changeset).await;
        self.pipeline().sent(commit, children);
    }

    /// Hears of the oldest changeset on its way, and queues its children; says whether there was one.
    fn poll_durable(
        &self,
        context: &mut std::task::Context<'_>,
    ) -> Poll<std::result::Result<bool, CommitError>> {
        let heard = self.pipeline().poll_durable(context);
        heard.map_ok(|children| {
            let was_one = children.is_some();
            for child in children.into_iter().flatten() {
                self.engine.queue.push_fresh(child);
            }
            was_one
        })
    }

    /// Waits until everything on its way is durable.
    pub(crate) async fn settle(&self) -> std::result::Result<(), CommitError> {
        while poll_fn(|context| self.poll_durable(context)).await? {}
        Ok(())
    }

    /// Ends the run: sends the rest with its end, and waits until it is durable.
    pub(crate) async fn end(
        &self,
        entry: NewEntry,
        last: Batch,
        end: End,
    ) -> std::result::Result<(), CommitError> {
        let audits = audited::entries(&self.engine, &self.intent, &last.writes);
        let (changeset, children) = {
            let mut pipeline = self.pipeline();
            pipeline.note(audits);
            pipeline.take_end(&self.intent, entry, last.writes, end)?
        };
        self.send(changeset, children).await;
        self.settle().await
    }

    /// Waits, within the handler, until everything it wrote is durable.
    async fn flush_all(&self) -> Result<()> {
        poll_fn(|_| self.pipeline().poll_settled())
            .await
            .map_err(lost)
    }

    async fn commit_batch(&self, batch: Batch) -> Result<()> {
        let tenant = self.tenant();
        if batch.writes.iter().any(|write| !is_of(write, tenant)) {
            let message = "the handler wrote into another tenant: report this as a defect";
            return Err(Error::rejected(ErrorCode::Internal, message));
        }
        let step = batch.approval.as_deref();
        let approval = step
            .map(|step| approval::changeset(&self.engine, &self.execution_id, &self.intent, step))
            .transpose()?;
        let child = batch
            .child
            .map(|child| self.check_child(*child))
            .transpose()?
            .map(Box::new);
        poll_fn(|_| self.pipeline().poll_room())
            .await
            .map_err(lost)?;
        let audits = audited::entries(&self.engine, &self.intent, &batch.writes);
        let mut pipeline = self.pipeline();
        pipeline.note(audits);
        pipeline.add(Batch { child, ..batch }, approval);
        Ok(())
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
        self.flush_all().boxed()
    }

    fn read(&self, read: Read) -> BoxFuture<'_, Result<Value>> {
        async {
            // A handler that reads what it wrote must find it; the time is not written.
            if read != Read::Now {
                self.flush_all().await?;
            }
            reading::answer(&self.engine, self.tenant(), read).await
        }
        .boxed()
    }

    fn sandbox(&self, job: SandboxJob) -> BoxFuture<'static, Result<Stored>> {
        let engine = Arc::clone(&self.engine);
        let tenant = self.tenant().clone();
        async move {
            let services = &engine.services;
            let (size, input) = match services.blobs.stream(&tenant, &job.digest, None).await {
                Ok(found) => found,
                Err(error) => return Err(unread(&engine, &tenant, &job.digest, error).await),
            };
            let output = services
                .sandbox
                .run(&tenant, &job.request, Some(size), input)
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
        let engine = Arc::clone(&self.engine);
        let tenant = self.tenant().clone();
        async move {
            match engine.services.blobs.get(&tenant, &digest, limit).await {
                Ok(bytes) => Ok(bytes),
                Err(error) => Err(unread(&engine, &tenant, &digest, error).await),
            }
        }
        .boxed()
    }

    fn compute(&self, work: Box<dyn FnOnce() + Send>) -> BoxFuture<'static, Result<()>> {
        let working = tokio::task::spawn_blocking(work);
        async move {
            // Only a panic of the computation ends it early: like one of the handler, it is an attempt that failed.
            working
                .await
                .map_err(|error| retry(format!("a computation failed: {error}")))
        }
        .boxed()
    }

    fn enter(&self, name: String) -> BoxFuture<'_, Result<()>> {
        async move {
            let turn = self.engine.exclusion.enter(self.tenant(), name).await;
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.push(turn);
            Ok(())
        }
        .boxed()
    }

    fn request_hash(&self, request: &ApprovalRequest) -> String {
        approval::request_hash(&self.intent, request)
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

/// Why content was not read. Content that something still needs was not deleted by anyone: it is lost.
async fn unread(engine: &Engine, tenant: &TenantId, digest: &str, error: BlobError) -> Error {
    if !matches!(error, BlobError::NotFound) {
        return blob_error(error);
    }
    match engine.store.need_of(tenant, digest).await {
        Ok(Need::Kept) => {
            tracing::error!(
                tenant_id = %tenant, digest,
                "content that is needed is missing: start the node with the data folder that has it, or restore it from a backup"
            );
            Error::rejected(
                ErrorCode::Internal,
                "the content is missing from the server, although nobody purged it: whoever runs the server must restore it from a backup",
            )
        }
        Ok(_) => blob_error(error),
        Err(error) => retry(format!("storage cannot be read: {error}")),
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
