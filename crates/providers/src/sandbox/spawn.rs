//! Starting children, on a thread made for it.
//!
//! A thread, because starting a process blocks, and one that lives as long as the sandbox, because the kernel kills a
//! child when the *thread* that started it ends (`PR_SET_PDEATHSIG`, prctl(2)); threads of the runtime come and go.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::Command;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::Limits;
use super::worker::Worker;

/// A job's right to run; it goes with the child and is given back when the child is gone, or waits in the pool.
#[derive(Debug)]
pub(super) struct Permits {
    _admitted: OwnedSemaphorePermit,
    _running: OwnedSemaphorePermit,
}

impl Permits {
    pub(super) fn new(admitted: OwnedSemaphorePermit, running: OwnedSemaphorePermit) -> Self {
        Self {
            _admitted: admitted,
            _running: running,
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Spawner {
    orders: mpsc::Sender<Order>,
}

#[derive(Debug)]
struct Order {
    /// None for a child that waits for its first tenant.
    permits: Option<Permits>,
    /// The runtime that the child's pipes and exit are watched by.
    runtime: Handle,
    reply: oneshot::Sender<io::Result<Worker>>,
}

impl Spawner {
    /// Starts the thread, which ends when the last clone of the spawner is dropped.
    pub(super) fn start(
        program: PathBuf,
        args: Vec<OsString>,
        limits: Limits,
        concurrency: usize,
    ) -> io::Result<Self> {
        let (orders, mut incoming) = mpsc::channel::<Order>(concurrency);
        std::thread::Builder::new()
            .name("sandbox-spawner".to_owned())
            .spawn(move || {
                while let Some(order) = incoming.blocking_recv() {
                    if order.reply.is_closed() {
                        continue;
                    }
                    let _runtime = order.runtime.enter();
                    let worker = spawn(&program, &args, limits, order.permits);
                    // When the caller has gone away meanwhile, the worker is dropped, which kills the child.
                    let _ = order.reply.send(worker);
                }
            })?;
        Ok(Self { orders })
    }

    pub(super) async fn spawn(&self, permits: Option<Permits>) -> io::Result<Worker> {
        let (reply, answer) = oneshot::channel();
        let order = Order {
            permits,
            runtime: Handle::current(),
            reply,
        };
        let stopped = || io::Error::other("the thread that starts children has stopped");
        self.orders.send(order).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

fn spawn(
    program: &PathBuf,
    args: &[OsString],
    limits: Limits,
    permits: Option<Permits>,
) -> io::Result<Worker> {
    let child = Command::new(program)
        .args(args)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    Worker::new(child, limits, permits)
}
