//! The handle to the engine, and what its parts share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use civitas_intent::Realm;
use civitas_model::{Caller, Clock, Entropy, Execution, ExecutionId, TenantId, Timestamp};
use civitas_storage::{Lease, SqlError, Store, Upgrade};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::adoption::UpgradeError;
use crate::control::Explanation;
use crate::error::{ControlError, StartError, SubmitError};
use crate::exclusion::Exclusion;
use crate::intake::{Accepted, InFlight, Submission};
use crate::live::{Live, Watch};
use crate::queue::{Concurrency, Queue};
use crate::registry::Registry;
use crate::retention::Retention;
use crate::services::Services;
use crate::{adoption, content, control, intake, lease, live, recovery, retention, scheduler};

/// What the engine is made of.
pub struct Options {
    /// Durable state.
    pub store: Store,
    /// The realms, with their intents.
    pub realms: Vec<Realm>,
    /// What handlers reach.
    pub services: Services,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// This node's name; the same after a restart, so that it gets its lease back at once.
    pub node: String,
    /// Executions that run at the same time.
    pub concurrency_max: usize,
    /// Executions of one tenant that run at the same time.
    pub tenant_concurrency_max: usize,
    /// How long things are kept.
    pub retention: Retention,
}

/// What the engine's parts share.
pub(crate) struct Engine {
    pub(crate) store: Store,
    pub(crate) registry: Registry,
    pub(crate) services: Services,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) lease: Lease,
    pub(crate) queue: Queue,
    pub(crate) exclusion: Exclusion,
    pub(crate) live: Arc<Live>,
    pub(crate) in_flight: InFlight,
    pub(crate) running: Running,
    pub(crate) tasks: TaskTracker,
    pub(crate) stopping: CancellationToken,
    pub(crate) lease_lost: CancellationToken,
    pub(crate) records_applied: AtomicU64,
}

impl Engine {
    /// Another node took the lease: everything this one writes is refused, so it stops.
    pub(crate) fn lose_lease(&self) {
        if !self.lease_lost.is_cancelled() {
            tracing::error!("another node took the engine's lease over; this one stops");
        }
        self.lease_lost.cancel();
        self.stopping.cancel();
        self.running.stop_all();
    }
}

/// The engine; cheap to clone.
#[derive(Clone)]
pub struct Runtime {
    engine: Arc<Engine>,
}

impl Runtime {
    /// Takes the lease and starts the engine. Recovery goes on in the background; submissions are accepted at once.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let registry = Registry::new(options.realms)?;
        let lease = lease::acquire(&options.store, &options.node).await?;
        let concurrency = Concurrency {
            node_max: options.concurrency_max,
            tenant_max: options.tenant_concurrency_max,
        };
        let type_max = registry
            .realms()
            .iter()
            .flat_map(Realm::definitions)
            .map(|definition| (definition.name(), definition.policy().concurrency_max))
            .collect();
        let engine = Arc::new(Engine {
            store: options.store,
            registry,
            services: options.services,
            clock: options.clock,
            entropy: options.entropy,
            lease,
            queue: Queue::new(concurrency, type_max),
            exclusion: Exclusion::default(),
            live: Arc::default(),
            in_flight: InFlight::default(),
            running: Running::default(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            lease_lost: CancellationToken::new(),
            records_applied: AtomicU64::new(0),
        });
        let notices = engine.store.subscribe();
        tokio::spawn(live::relay(Arc::clone(&engine.live), notices));
        tokio::spawn(lease::keep(Arc::clone(&engine)));
        tokio::spawn(recovery::run(Arc::clone(&engine)));
        tokio::spawn(scheduler::wake(Arc::clone(&engine)));
        tokio::spawn(scheduler::dispatch(Arc::clone(&engine)));
        tokio::spawn(retention::run(Arc::clone(&engine), options.retention));
        Ok(Self { engine })
    }

    /// Accepts an intent: answers once it is durable.
    pub async fn submit(
        &self,
        caller: &Caller,
        submission: Submission,
    ) -> Result<Accepted, SubmitError> {
        intake::submit(&self.engine, caller, submission).await
    }

    /// What can be submitted.
    pub fn registry(&self) -> &Registry {
        &self.engine.registry
    }

    /// One execution of the caller's tenant.
    pub async fn find(
        &self,
        tenant: &TenantId,
        execution: &ExecutionId,
    ) -> Result<Option<Execution>, SqlError> {
        self.engine.store.executions().find(tenant, execution).await
    }

    /// Follows the journal of an execution of the tenant from a number on; `None` when there is no such execution.
    pub async fn watch(
        &self,
        tenant: &TenantId,
        execution: &ExecutionId,
        after_seq: u64,
    ) -> Result<Option<Watch>, SqlError> {
        if self.find(tenant, execution).await?.is_none() {
            return Ok(None);
        }
        let live = Arc::clone(&self.engine.live);
        Ok(Some(Watch::new(
            self.engine.store.clone(),
            live,
            tenant.clone(),
            execution.clone(),
            after_seq,
        )))
    }

    /// Waits for an execution to end, up to a time; answers it as it is then, or `None` when there is no such execution.
    pub async fn wait(
        &self,
        tenant: &TenantId,
        execution: &ExecutionId,
        patience: Duration,
    ) -> Result<Option<Execution>, SqlError> {
        let live = &self.engine.live;
        let runs = || self.engine.queue.runs(tenant, execution);
        let end = live::wait_until_final(&self.engine.store, live, tenant, execution, runs);
        match tokio::time::timeout(patience, end).await {
            Ok(found) => found,
            Err(_) => self.find(tenant, execution).await,
        }
    }

    /// Stops an execution, and everything it started, for good.
    pub async fn cancel(
        &self,
        caller: &Caller,
        execution: &ExecutionId,
    ) -> Result<(), ControlError> {
        control::cancel(&self.engine, caller, execution).await
    }

    /// Parks an execution until it is resumed.
    pub async fn pause(
        &self,
        caller: &Caller,
        execution: &ExecutionId,
    ) -> Result<(), ControlError> {
        control::pause(&self.engine, caller, execution).await
    }

    /// Lets a waiting execution go on now.
    pub async fn resume(
        &self,
        caller: &Caller,
        execution: &ExecutionId,
    ) -> Result<(), ControlError> {
        control::resume(&self.engine, caller, execution).await
    }

    /// Runs a failed or cancelled execution again, from what its journal holds; with it the child that it failed of.
    pub async fn retry(
        &self,
        caller: &Caller,
        execution: &ExecutionId,
    ) -> Result<(), ControlError> {
        control::retry(&self.engine, caller, execution).await
    }

    /// Says what an execution is doing or waiting for; `None` when there is no such execution.
    pub async fn why(
        &self,
        tenant: &TenantId,
        execution: &ExecutionId,
    ) -> Result<Option<Explanation>, SqlError> {
        let found = self.find(tenant, execution).await?;
        Ok(found.map(|found| control::explain(&self.engine, found)))
    }

    /// Frees content whose release was just committed, unless something else needs it or it was stored at `stored_before`
    /// or later. What cannot be freed now is freed later.
    pub async fn free_content(&self, tenant: &TenantId, digest: &str, stored_before: Timestamp) {
        content::free_released(&self.engine, tenant, digest, stored_before).await;
    }

    /// Gives an anonymous session to a user, with everything that was done in it; waits a little for what still runs.
    pub async fn upgrade_session(&self, upgrade: Upgrade) -> Result<(), UpgradeError> {
        adoption::upgrade(&self.engine, upgrade).await
    }

    /// How many executions are ready and how many run on this node.
    pub fn depth(&self) -> (usize, usize) {
        self.engine.queue.depth()
    }

    /// Tells retention how far the search index has applied the records stream.
    pub fn note_records_applied(&self, seq: u64) {
        self.engine.records_applied.store(seq, Ordering::Relaxed);
    }

    /// Resolves when another node took the engine's lease: this one must exit.
    pub async fn lease_lost(&self) {
        self.engine.lease_lost.cancelled().await;
    }

    /// Stops: accepts nothing more, lets running handlers reach their end for as long as `grace`, then leaves them to the
    /// next start, and gives the lease back.
    pub async fn stop(&self, grace: Duration) {
        let engine = &self.engine;
        engine.stopping.cancel();
        engine.tasks.close();
        if tokio::time::timeout(grace, engine.tasks.wait())
            .await
            .is_err()
        {
            engine.running.stop_all();
            // Dropping a handler takes no time; a task that hangs in its drop must not keep the process.
            let _ = tokio::time::timeout(Duration::from_secs(1), engine.tasks.wait()).await;
        }
        if !engine.lease_lost.is_cancelled() {
            lease::release(engine).await;
        }
    }
}

/// Handlers at work on this node, each with its way to be stopped.
#[derive(Default)]
pub(crate) struct Running(Mutex<HashMap<ExecutionId, CancellationToken>>);

impl Running {
    fn map(&self) -> std::sync::MutexGuard<'_, HashMap<ExecutionId, CancellationToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn begin(&self, execution: &ExecutionId) -> CancellationToken {
        let stop = CancellationToken::new();
        self.map().insert(execution.clone(), stop.clone());
        stop
    }

    pub(crate) fn end(&self, execution: &ExecutionId) {
        self.map().remove(execution);
    }

    pub(crate) fn stop(&self, execution: &ExecutionId) {
        if let Some(stop) = self.map().get(execution) {
            stop.cancel();
        }
    }

    pub(crate) fn stop_all(&self) {
        self.map().values().for_each(CancellationToken::cancel);
    }
}
