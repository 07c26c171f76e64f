//! A job over an untrusted document, run in a confined child process of the same binary.
//!
//! The parent ([`Sandbox::run`]) starts the child, sends it a request and the document, and reads one answer; the child
//! ([`child_main`]) takes its limits on before it reads the first byte of the document. Whatever the document does to
//! its parser (exhaust memory, loop, crash), the child dies of it and the parent names the reason.
//!
//! What confines the child:
//! - limits on its address space, CPU time and wall-clock time; no file can grow or be opened, no core is dumped;
//! - an empty environment, no inherited file descriptor, the root as its working directory;
//! - no new privileges, no tracing by its siblings, its own process group, death with its parent;
//! - Landlock and seccomp, where the kernel has them: no file, no network, no process, no signal to others, no new
//!   executable memory. [`Sandbox::confinement`] finds out by trying which of these hold.
//!
//! A child takes one job after another, so that a small document costs no process start. It is thrown away after a
//! failed job, after a number of jobs or bytes ([`Pooling`]), when it holds much more memory than at its start, and when
//! no job came for a while; and it never works for two tenants. One more is started and confined ahead, for the first job of
//! a tenant that has none. Each job has its own memory and CPU time: the parent
//! moves the child's limits forward by what it holds and used before.
//!
//! What it does not promise: a document that takes its parser over could falsify what that child answers about the
//! next documents *of the same tenant*, until the child is thrown away.

mod child;
mod confine;
mod error;
mod pool;
mod probe;
mod protocol;
mod spawn;
mod worker;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use civitas_model::TenantId;
use futures::{Stream, StreamExt};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Semaphore;

pub use child::{ChildRefusal, child_main};
pub use confine::Layer;
pub use error::{HowItCrashed, SandboxError};
pub use probe::{Attempt, Confinement, Deed};
pub use protocol::Input;

use pool::{Pool, Taken};
use probe::{Found, Question};
use spawn::{Permits, Spawner};
use worker::{Chunks, Worker};

/// How to start children, what each may use, and how many run at once.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// The program to start: it calls [`child_main`] first thing when it gets `args`.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// What one job may use.
    pub limits: Limits,
    /// The most jobs that run at once; at least one.
    pub concurrency: usize,
    /// The most jobs that wait for their turn; the next one is [`SandboxError::Busy`].
    pub waiting: usize,
}

/// What one job may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Address space that the child may take on top of what it holds when it is ready to read, in bytes.
    pub memory_bytes: u64,
    /// CPU time of the child, in seconds.
    pub cpu_seconds: u64,
    /// Time from the job's turn to its answer, the arrival of its input included.
    pub wall_clock: Duration,
    /// Length of the answer in bytes.
    pub output_bytes: u64,
    /// Length of the input in bytes.
    pub input_bytes: u64,
}

impl Limits {
    /// How much more than at its start a child may hold between two jobs, in bytes.
    pub(crate) const fn memory_growth_max(&self) -> u64 {
        self.memory_bytes / 4
    }

    /// The address space that a child which held `base` bytes at its start can never exceed.
    pub(crate) const fn memory_hard(&self, base: u64) -> u64 {
        base.saturating_add(self.memory_bytes)
            .saturating_add(self.memory_growth_max())
    }

    /// The CPU time after which a child gets no more jobs.
    pub(crate) const fn cpu_lifetime_max(&self) -> Duration {
        Duration::from_secs(self.cpu_seconds)
    }

    /// The CPU time, in seconds, that a child can never exceed.
    pub(crate) const fn cpu_seconds_hard(&self) -> u64 {
        // The jobs before the last, rounded up; the last; and one, so that the soft limit comes first.
        self.cpu_seconds.saturating_mul(2).saturating_add(2)
    }
}

/// When a child is thrown away although nothing failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pooling {
    /// The most jobs of one child; with one, each job has a child of its own.
    pub jobs_max: u32,
    /// The input, in bytes, after which a child gets no more jobs.
    pub input_bytes_max: u64,
    /// How long a child waits for its next job.
    pub idle: Duration,
    /// Whether a child is started ahead, for a tenant that has none.
    pub ahead: bool,
}

impl Pooling {
    /// For folders of small files; a large file wears its child out alone.
    pub const DEFAULT: Self = Self {
        jobs_max: 200,
        input_bytes_max: 32 << 20,
        idle: Duration::from_secs(10),
        ahead: true,
    };
}

impl Default for Pooling {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Runs jobs in confined children. Cloning is cheap; the clones share one queue. Dropping the last one ends all
/// children.
#[derive(Debug, Clone)]
pub struct Sandbox {
    limits: Limits,
    /// Jobs that run or wait.
    admitted: Arc<Semaphore>,
    /// Jobs that run.
    running: Arc<Semaphore>,
    spawner: Spawner,
    pool: Arc<Pool>,
}

impl Sandbox {
    /// Gets ready to run jobs; starts no child yet.
    pub fn new(config: SandboxConfig) -> Result<Self, SandboxError> {
        Self::with_pooling(config, Pooling::DEFAULT)
    }

    /// The same, with a say in when children are thrown away.
    pub fn with_pooling(config: SandboxConfig, pooling: Pooling) -> Result<Self, SandboxError> {
        let concurrency = config.concurrency.clamp(1, Semaphore::MAX_PERMITS / 2);
        let waiting = config.waiting.min(Semaphore::MAX_PERMITS / 2);
        let limits = config.limits;
        Ok(Self {
            limits,
            admitted: Arc::new(Semaphore::new(concurrency + waiting)),
            running: Arc::new(Semaphore::new(concurrency)),
            spawner: Spawner::start(config.program, config.args, limits, concurrency)?,
            pool: Pool::new(pooling),
        })
    }

    /// Starts a child ahead, so that the first document of all waits for no process either. Later ones are started by
    /// themselves, whenever the last one found its tenant. Needs a tokio runtime.
    pub fn start_ahead(&self) {
        self.pool.start_ahead(&self.spawner);
    }

    /// Runs one job of `tenant`: gives `request` and `input` to a child and returns its answer.
    ///
    /// `size` is the length of the input in bytes where the caller knows it: too long an input is refused before it
    /// moves, and the child holds it once. Waits for its turn first. When the future is dropped the child is killed. The
    /// child's answer counts even if it did not read its input to the end.
    pub async fn run<S, E>(
        &self,
        tenant: &TenantId,
        request: &Value,
        size: Option<u64>,
        input: S,
    ) -> Result<Bytes, SandboxError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let limit = self.limits.input_bytes;
        if size.is_some_and(|size| size > limit) {
            return Err(SandboxError::InputTooLarge { limit });
        }
        let header = protocol::Header::encode(request, size)?;
        let input = std::pin::pin!(input.map(|chunk| chunk.map_err(Into::into)));
        self.run_boxed(tenant, &header, input).await
    }

    async fn run_boxed(
        &self,
        tenant: &TenantId,
        header: &[u8],
        input: Chunks<'_>,
    ) -> Result<Bytes, SandboxError> {
        let permits = self.wait_for_turn().await?;
        self.in_time(async {
            let mut worker = self.worker(tenant, permits).await?;
            let answer = worker.talk(header, input).await;
            if answer.is_ok() && worker.renew(&self.pool.pooling) {
                let permits = worker.rest();
                self.pool.park(tenant, worker);
                drop(permits);
            } else {
                worker.end().await;
            }
            answer
        })
        .await
    }

    /// Has a fresh child try what it must not be able to do. What it answers is what a job would meet here.
    pub async fn confinement(&self) -> Result<Confinement, SandboxError> {
        let permits = self.wait_for_turn().await?;
        self.in_time(async {
            let mut worker = self.spawner.spawn(Some(permits)).await?;
            let Some(Found::Layers { landlock, seccomp }) =
                ask(&mut worker, Question::Layers, false).await?
            else {
                return Err(io::Error::other("the child cannot confine itself").into());
            };
            let mut attempts = Vec::new();
            for what in Deed::ALL {
                let last = what == Deed::RunProgram;
                let refused = match ask(&mut worker, Question::Try(what), last).await? {
                    Some(Found::Tried { refused }) => refused,
                    // It went away, or became something else.
                    _ => None,
                };
                attempts.push(Attempt { what, refused });
            }
            worker.end().await;
            Ok(Confinement {
                landlock,
                seccomp,
                attempts,
            })
        })
        .await
    }

    /// A child that worked for this tenant, or a fresh one.
    async fn worker(&self, tenant: &TenantId, permits: Permits) -> io::Result<Worker> {
        // All children that worked are together no more than may run at once.
        let idle_max = self.running.available_permits();
        let Taken { worker, evicted } = self.pool.take(tenant, idle_max);
        for worker in evicted {
            worker.end().await;
        }
        match worker {
            Some(mut worker) => {
                worker.wake(permits);
                Ok(worker)
            }
            None => {
                let worker = match self.pool.take_blank() {
                    Some(mut worker) => {
                        worker.wake(permits);
                        worker
                    }
                    None => self.spawner.spawn(Some(permits)).await?,
                };
                self.pool.start_ahead(&self.spawner);
                Ok(worker)
            }
        }
    }

    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, SandboxError>>,
    ) -> Result<T, SandboxError> {
        let limit = self.limits.wall_clock;
        match tokio::time::timeout(limit, work).await {
            Ok(outcome) => outcome,
            Err(_) => Err(SandboxError::WallClock { limit }),
        }
    }

    async fn wait_for_turn(&self) -> Result<Permits, SandboxError> {
        // Neither semaphore is ever closed, so an error can only be a full queue.
        let admitted = Arc::clone(&self.admitted)
            .try_acquire_owned()
            .map_err(|_| SandboxError::Busy)?;
        let running = Arc::clone(&self.running)
            .acquire_owned()
            .await
            .map_err(|_| SandboxError::Busy)?;
        Ok(Permits::new(admitted, running))
    }
}

async fn ask(worker: &mut Worker, question: Question, last: bool) -> io::Result<Option<Found>> {
    let json = serde_json::to_vec(&question)?;
    let question = protocol::frame(protocol::PROBE, &json)?;
    let found = worker.ask(&question, last).await?;
    Ok(found
        .map(|found| serde_json::from_slice(&found))
        .transpose()?)
}
