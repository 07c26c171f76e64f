//! A job over an untrusted document, run in a confined child process of the same binary.
//!
//! The parent ([`Sandbox::run`]) starts the child, sends it a request and the document, and reads one answer; the child
//! ([`child_main`]) takes its limits on before it reads the first byte of the document. Whatever the document does to
//! its parser (exhaust memory, loop, crash), the child dies of it and the parent names the reason.
//!
//! What confines the child:
//! - limits on its address space, CPU time and wall-clock time; no file can grow, few can be opened, no core is dumped;
//! - an empty environment, no inherited file descriptor, a working directory that is empty and deleted;
//! - no new privileges, no tracing by its siblings, its own process group, death with its parent.
//!
//! What does not confine it: it may open the files its user may read, and sockets.
//!
//! The child takes one job and is killed after its answer. The protocol between the two frames everything, the
//! document included, so that it holds for a child that takes one job after another.

mod child;
mod confine;
mod error;
mod job;
mod protocol;
mod spawn;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Semaphore;

pub use child::{ChildRefusal, child_main};
pub use error::{HowItCrashed, SandboxError};

use spawn::{Permits, Spawner};

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

/// Runs jobs in confined children. Cloning is cheap; the clones share one queue.
#[derive(Debug, Clone)]
pub struct Sandbox {
    limits: Limits,
    /// Jobs that run or wait.
    admitted: Arc<Semaphore>,
    /// Jobs that run.
    running: Arc<Semaphore>,
    spawner: Spawner,
}

impl Sandbox {
    /// Gets ready to run jobs; starts no child yet.
    pub fn new(config: SandboxConfig) -> Result<Self, SandboxError> {
        let concurrency = config.concurrency.clamp(1, Semaphore::MAX_PERMITS / 2);
        let waiting = config.waiting.min(Semaphore::MAX_PERMITS / 2);
        Ok(Self {
            limits: config.limits,
            admitted: Arc::new(Semaphore::new(concurrency + waiting)),
            running: Arc::new(Semaphore::new(concurrency)),
            spawner: Spawner::start(config.program, config.args, concurrency)?,
        })
    }

    /// Runs one job: gives `request` and `input` to a child and returns its answer.
    ///
    /// Waits for its turn first. When the future is dropped the child is killed. The child's answer counts even if it
    /// did not read its input to the end.
    pub async fn run<S, E>(&self, request: &Value, input: S) -> Result<Bytes, SandboxError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let input = std::pin::pin!(input.map(|chunk| chunk.map_err(Into::into)));
        self.run_boxed(request, input).await
    }

    async fn run_boxed(
        &self,
        request: &Value,
        input: job::Input<'_>,
    ) -> Result<Bytes, SandboxError> {
        let header = protocol::Header::encode(&self.limits, request)?;
        let permits = self.wait_for_turn().await?;
        let talk = async {
            let mut job = self.spawner.spawn(permits).await?;
            let answer = job.talk(&header, input, &self.limits).await;
            job.end().await;
            answer
        };
        match tokio::time::timeout(self.limits.wall_clock, talk).await {
            Ok(answer) => answer,
            Err(_) => Err(SandboxError::WallClock {
                limit: self.limits.wall_clock,
            }),
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
