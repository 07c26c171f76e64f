//! The parent's side of a child: talk to it, job after job, and find out why it fell silent.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::pin::Pin;
use std::process::ExitStatus;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use nix::time::ClockId;
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process_group, prlimit};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};

use super::child::ChildRefusal;
use super::error::{HowItCrashed, SandboxError};
use super::protocol::{
    ANSWER, END, Held, INPUT, PANIC, PREFIX_BYTES, READY, REASON_BYTES_MAX, REFUSAL, Setup,
    parse_prefix, prefix,
};
use super::spawn::Permits;
use super::{Limits, Pooling};

/// How much of the child's standard error is kept, in bytes: its end.
const TAIL_BYTES: usize = 4 * 1024;
/// How long a child may take after its answer to say that it is ready for more. It has nothing left to do by then.
const READY_WITHIN: Duration = Duration::from_secs(3);

/// The input's chunks, whatever their type was.
pub(super) type Chunks<'a> = Pin<
    &'a mut (dyn Stream<Item = Result<Bytes, Box<dyn std::error::Error + Send + Sync>>> + Send),
>;

/// A running child. Dropping it kills the child and whatever that started.
#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    stderr: ChildStderr,
    limits: Limits,
    /// Sent before the first job.
    setup: Option<Vec<u8>>,
    jobs: u32,
    input_bytes: u64,
    /// What the child held after its last job; nothing where it did not say that it is ready for another.
    held: Option<Held>,
    /// The right to run; given back when the child is gone or waits in the pool.
    permits: Option<Permits>,
}

/// What came over the child's standard output.
enum Heard {
    /// Kind and payload.
    Frame(u8, Vec<u8>),
    /// No frame that a child sends is this long: it is none.
    Nonsense,
    /// The pipe was closed before a whole frame came.
    Silence,
}

impl Worker {
    pub(super) fn new(
        mut child: Child,
        limits: Limits,
        permits: Option<Permits>,
    ) -> io::Result<Self> {
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(io::Error::other("the child has no pipes"));
        };
        Ok(Self {
            child,
            stdin,
            stdout,
            stderr,
            limits,
            setup: Some(Setup::encode(&limits)?),
            jobs: 0,
            input_bytes: 0,
            held: None,
            permits,
        })
    }

    /// Has the child confine itself now and not with its first job.
    pub(super) async fn set_up(&mut self) -> io::Result<()> {
        let setup = self.setup.take().unwrap_or_default();
        self.stdin.write_all(&setup).await
    }

    /// Sends one job's header and input, and returns the answer.
    pub(super) async fn talk(
        &mut self,
        header: &[u8],
        input: Chunks<'_>,
    ) -> Result<Bytes, SandboxError> {
        self.held = None;
        self.jobs += 1;
        let setup = self.setup.take().unwrap_or_default();
        let mut tail = Vec::new();
        let limits = self.limits;
        let input_bytes = OnceLock::new();
        let heard = {
            let stdin = &mut self.stdin;
            let send = async {
                stdin.write_all(&setup).await?;
                // Set once: there is one sender.
                let _ = input_bytes.set(send(stdin, header, input, limits.input_bytes).await?);
                Ok(())
            };
            let listen = listen(&mut self.stdout, limits.output_bytes);
            exchange(send, listen, &mut self.stderr, &mut tail).await?
        };
        match heard {
            Heard::Frame(kind, payload) => {
                let answer = understand(kind, payload, &tail)?;
                // Where input is left, the child ends.
                if let Some(bytes) = input_bytes.into_inner() {
                    self.input_bytes += bytes;
                    self.held = self.hear_ready().await;
                }
                Ok(answer)
            }
            Heard::Nonsense => Err(crashed(HowItCrashed::Garbled, &tail)),
            Heard::Silence => {
                let drain = drain(&mut self.stderr, &mut tail);
                let (status, ()) = futures::join!(self.child.wait(), drain);
                Err(explain(status?, &limits, &tail))
            }
        }
    }

    /// Puts one question of a probe to the child; nothing where it fell silent.
    pub(super) async fn ask(&mut self, question: &[u8], last: bool) -> io::Result<Option<Vec<u8>>> {
        let setup = self.setup.take().unwrap_or_default();
        self.stdin.write_all(&setup).await?;
        self.stdin.write_all(question).await?;
        if last {
            // Whatever the child becomes finds its input ended.
            self.stdin.shutdown().await?;
        }
        match listen(&mut self.stdout, REASON_BYTES_MAX).await {
            Ok(Heard::Frame(ANSWER, found)) => Ok(Some(found)),
            Ok(_) => Ok(None),
            Err(error) => Err(io::Error::other(error)),
        }
    }

    async fn hear_ready(&mut self) -> Option<Held> {
        let ready = listen(&mut self.stdout, REASON_BYTES_MAX);
        match tokio::time::timeout(READY_WITHIN, ready).await {
            Ok(Ok(Heard::Frame(READY, held))) => serde_json::from_slice(&held).ok(),
            _ => None,
        }
    }

    /// Whether the child may take another job, and its limits were moved forward for it.
    ///
    /// It may not when it had enough jobs or bytes, holds much more memory than at its start, or used much CPU time. A
    /// child that lies about its memory gains nothing: the hard limit that it took on at its start stays.
    pub(super) fn renew(&self, pooling: &Pooling) -> bool {
        let Some(held) = self.held else { return false };
        let growth = held.now.saturating_sub(held.base);
        self.jobs < pooling.jobs_max
            && self.input_bytes < pooling.input_bytes_max
            && growth <= self.limits.memory_growth_max()
            && self.move_limits(held).is_ok_and(|moved| moved)
    }

    /// What a job may use counts from what the child used and holds by now.
    fn move_limits(&self, held: Held) -> io::Result<bool> {
        let Some(pid) = self.pid() else {
            return Ok(false);
        };
        let clock = ClockId::pid_cpu_clock_id(nix::unistd::Pid::from_raw(pid.as_raw_pid()))?;
        let used = Duration::from(clock.now()?);
        if used > self.limits.cpu_lifetime_max() {
            return Ok(false);
        }
        let seconds = self.limits.cpu_seconds.saturating_add(used.as_secs() + 1);
        raise(pid, Resource::Cpu, seconds, self.limits.cpu_seconds_hard())?;
        let memory = held.now.saturating_add(self.limits.memory_bytes);
        raise(
            pid,
            Resource::As,
            memory,
            self.limits.memory_hard(held.base),
        )?;
        Ok(true)
    }

    /// Gives the right to run back, while the child waits in the pool.
    pub(super) fn rest(&mut self) -> Option<Permits> {
        self.permits.take()
    }

    /// Takes the right to run.
    pub(super) fn wake(&mut self, permits: Permits) {
        self.permits = Some(permits);
    }

    /// Whether the child still runs.
    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Kills the child, answer or not, and waits until it is gone.
    pub(super) async fn end(mut self) {
        self.kill_group();
        // It fails only for a child that is gone already.
        let _ = self.child.wait().await;
    }

    fn pid(&self) -> Option<Pid> {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        id.and_then(Pid::from_raw)
    }

    /// Kills the child and what it may have started. Only while the child is not reaped: its id is its own until then.
    fn kill_group(&self) {
        if let Some(group) = self.pid() {
            // It fails only when nobody is left.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill_group();
    }
}

/// Moves the soft limit of a child. Its hard limit stays what the child made it, from the same numbers.
fn raise(child: Pid, resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let inherited = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let limit = Rlimit {
        current: Some(soft.min(hard).min(inherited)),
        maximum: Some(hard.min(inherited)),
    };
    prlimit(Some(child), resource, limit)?;
    Ok(())
}

/// Sends and listens at once, until the child has answered, fell silent, or may not have more input.
///
/// Its standard error is drained all the time: a child that finds the pipe full would stand still.
async fn exchange(
    send: impl Future<Output = Result<(), SandboxError>>,
    listen: impl Future<Output = Result<Heard, SandboxError>>,
    stderr: &mut ChildStderr,
    tail: &mut Vec<u8>,
) -> Result<Heard, SandboxError> {
    let send = async {
        match send.await {
            Ok(()) => std::future::pending().await,
            Err(SandboxError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                // The child reads no more: it has answered or is dying, and listening tells which.
                std::future::pending().await
            }
            Err(error) => Err(error),
        }
    };
    let drain = async {
        drain(stderr, tail).await;
        std::future::pending().await
    };
    tokio::select! {
        failed = send => failed,
        heard = listen => heard,
        drained = drain => drained,
    }
}

/// Says how many bytes the input had.
async fn send(
    stdin: &mut ChildStdin,
    header: &[u8],
    mut input: Chunks<'_>,
    limit: u64,
) -> Result<u64, SandboxError> {
    stdin.write_all(header).await?;
    let mut sent = 0_u64;
    while let Some(chunk) = input.try_next().await.map_err(SandboxError::Input)? {
        sent = sent.saturating_add(chunk.len() as u64);
        if sent > limit {
            return Err(SandboxError::InputTooLarge { limit });
        }
        stdin.write_all(&prefix(INPUT, chunk.len())).await?;
        stdin.write_all(&chunk).await?;
    }
    stdin.write_all(&prefix(END, 0)).await?;
    stdin.flush().await?;
    Ok(sent)
}

async fn listen(stdout: &mut ChildStdout, limit: u64) -> Result<Heard, SandboxError> {
    let mut first = [0; PREFIX_BYTES];
    match stdout.read_exact(&mut first).await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(Heard::Silence),
        read => read?,
    };
    let (kind, length) = parse_prefix(first);
    if kind == ANSWER && length > limit {
        return Err(SandboxError::OutputTooLarge { limit });
    }
    if kind != ANSWER && length > REASON_BYTES_MAX {
        return Ok(Heard::Nonsense);
    }
    // Grows with what comes, not with what was promised.
    let mut payload = Vec::new();
    stdout.take(length).read_to_end(&mut payload).await?;
    if (payload.len() as u64) < length {
        return Ok(Heard::Silence);
    }
    Ok(Heard::Frame(kind, payload))
}

fn understand(kind: u8, payload: Vec<u8>, tail: &[u8]) -> Result<Bytes, SandboxError> {
    let how = match kind {
        ANSWER => return Ok(payload.into()),
        REFUSAL => match serde_json::from_slice(&payload) {
            Ok(ChildRefusal { code, message }) => {
                return Err(SandboxError::Rejected { code, message });
            }
            Err(_) => HowItCrashed::Garbled,
        },
        PANIC => HowItCrashed::Panic(String::from_utf8_lossy(&payload).into_owned()),
        _ => HowItCrashed::Garbled,
    };
    Err(crashed(how, tail))
}

/// Why a child ended without an answer.
fn explain(status: ExitStatus, limits: &Limits, tail: &[u8]) -> SandboxError {
    match status.signal() {
        Some(signal) if signal == Signal::XCPU.as_raw() => SandboxError::CpuTime {
            limit: limits.cpu_seconds,
        },
        Some(signal) if signal == Signal::ABORT.as_raw() && ran_out_of_memory(tail) => {
            SandboxError::OutOfMemory {
                limit: limits.memory_bytes,
            }
        }
        Some(signal) => crashed(HowItCrashed::Signal(signal), tail),
        None => crashed(HowItCrashed::Exit(status.code().unwrap_or(-1)), tail),
    }
}

/// Whether the child's last words are those of Rust's allocator.
///
/// An allocation that fails aborts like many other defects do; stable Rust has no hook for it, and only this line,
/// which the standard library writes just before it aborts, tells them apart. A document could make a parser print
/// the same line and abort, and gain a wrong label on its own failure. Where memory runs out in another way (a stack
/// that cannot grow, a C library) the job has crashed, and is said to have.
fn ran_out_of_memory(tail: &[u8]) -> bool {
    String::from_utf8_lossy(tail).lines().any(|line| {
        line.strip_prefix("memory allocation of ")
            .is_some_and(|rest| rest.contains(" bytes failed"))
    })
}

fn crashed(how: HowItCrashed, tail: &[u8]) -> SandboxError {
    SandboxError::Crashed {
        how,
        stderr_tail: String::from_utf8_lossy(tail).trim().to_owned(),
    }
}

/// Reads to the end and keeps the last bytes.
async fn drain(from: &mut (impl AsyncRead + Unpin), tail: &mut Vec<u8>) {
    let mut buffer = [0; TAIL_BYTES];
    // An error ends the tail like its end does: it is a help for people, not a result.
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        tail.extend_from_slice(&buffer[..read]);
        tail.drain(..tail.len().saturating_sub(TAIL_BYTES));
    }
}
