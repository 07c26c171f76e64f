//! The parent's side of one job: talk to the child, and find out why it fell silent.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::pin::Pin;
use std::process::ExitStatus;

use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};

use super::Limits;
use super::child::ChildRefusal;
use super::error::{HowItCrashed, SandboxError};
use super::protocol::{
    ANSWER, END, INPUT, PANIC, PREFIX_BYTES, REASON_BYTES_MAX, REFUSAL, parse_prefix, prefix,
};
use super::spawn::Permits;

/// How much of the child's standard error is kept, in bytes: its end.
const TAIL_BYTES: usize = 4 * 1024;

/// The input's chunks, whatever their type was.
pub(super) type Input<'a> = Pin<
    &'a mut (dyn Stream<Item = Result<Bytes, Box<dyn std::error::Error + Send + Sync>>> + Send),
>;

/// A running child. Dropping it kills the child and whatever that started.
#[derive(Debug)]
pub(super) struct Job {
    child: Child,
    pipes: Option<(ChildStdin, ChildStdout, ChildStderr)>,
    _permits: Permits,
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

impl Job {
    pub(super) fn new(mut child: Child, permits: Permits) -> io::Result<Self> {
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(io::Error::other("the child has no pipes"));
        };
        Ok(Self {
            child,
            pipes: Some((stdin, stdout, stderr)),
            _permits: permits,
        })
    }

    /// Sends the header and the input, and returns the answer.
    pub(super) async fn talk(
        &mut self,
        header: &[u8],
        input: Input<'_>,
        limits: &Limits,
    ) -> Result<Bytes, SandboxError> {
        let Some((stdin, stdout, mut stderr)) = self.pipes.take() else {
            return Err(io::Error::other("the child had its job").into());
        };
        let mut tail = Vec::new();
        let heard = {
            // Drained all the time: a child that finds the pipe full would stand still.
            let drain = async {
                drain(&mut stderr, &mut tail).await;
                std::future::pending().await
            };
            tokio::select! {
                heard = exchange(stdin, stdout, header, input, limits) => heard?,
                heard = drain => heard,
            }
        };
        match heard {
            Heard::Frame(kind, payload) => understand(kind, payload, &tail),
            Heard::Nonsense => Err(crashed(HowItCrashed::Garbled, &tail)),
            Heard::Silence => {
                let (status, ()) = futures::join!(self.child.wait(), drain(&mut stderr, &mut tail));
                Err(explain(status?, limits, &tail))
            }
        }
    }

    /// Kills the child, answer or not, and waits until it is gone.
    pub(super) async fn end(mut self) {
        self.kill_group();
        // It fails only for a child that is gone already.
        let _ = self.child.wait().await;
    }

    /// Kills the child and what it may have started. Only while the child is not reaped: its id is its own until then.
    fn kill_group(&self) {
        let group = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(group) = group.and_then(Pid::from_raw) {
            // It fails only when nobody is left.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.kill_group();
    }
}

/// Sends and listens at once, until the child has answered, fell silent, or may not have more input.
async fn exchange(
    stdin: ChildStdin,
    stdout: ChildStdout,
    header: &[u8],
    input: Input<'_>,
    limits: &Limits,
) -> Result<Heard, SandboxError> {
    let send = async {
        match send(stdin, header, input, limits.input_bytes).await {
            Ok(()) => std::future::pending().await,
            Err(SandboxError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                // The child reads no more: it has answered or is dying, and listening tells which.
                std::future::pending().await
            }
            Err(error) => Err(error),
        }
    };
    tokio::select! {
        failed = send => failed,
        heard = listen(stdout, limits.output_bytes) => heard,
    }
}

async fn send(
    mut stdin: ChildStdin,
    header: &[u8],
    mut input: Input<'_>,
    limit: u64,
) -> Result<(), SandboxError> {
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
    Ok(stdin.flush().await?)
}

async fn listen(mut stdout: ChildStdout, limit: u64) -> Result<Heard, SandboxError> {
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
