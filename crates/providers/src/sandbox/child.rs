//! The child's side: confine, read, handle, answer.

use std::fs::File;
use std::io::{self, Read, Write};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::confine;
use super::protocol::{self, ANSWER, Header, InputReader, PANIC, REFUSAL};

/// Exit code of a child that could not confine itself or talk to its parent (`EX_OSERR` of sysexits.h).
const EXIT_FAILED: u8 = 71;

/// A handler's own refusal of a document. It reaches the caller as it is, so it is text and never markup: a document
/// that took its parser over writes what it likes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildRefusal {
    /// A stable name for the reason.
    pub code: String,
    /// What is wrong with the document and what its sender can do, as a lowercase fragment.
    pub message: String,
}

/// Serves one job and says how to exit. Call it first thing in `main`, before any file is opened or thread started:
/// it closes every file descriptor but the standard three.
///
/// The handler gets the request and the input, which it may leave unread. What it prints goes to standard error, so
/// that it cannot spoil the answer. A panic is answered as one.
pub fn child_main(
    handler: impl FnOnce(Value, &mut dyn Read) -> Result<Vec<u8>, ChildRefusal>,
) -> ExitCode {
    match serve(handler) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Best effort: without a standard error, the exit code has to do.
            let _ = writeln!(io::stderr(), "sandbox child: {error}");
            ExitCode::from(EXIT_FAILED)
        }
    }
}

fn serve(
    handler: impl FnOnce(Value, &mut dyn Read) -> Result<Vec<u8>, ChildRefusal>,
) -> io::Result<()> {
    confine::at_start()?;
    let mut answers = take_stdout()?;
    let mut frames = io::stdin().lock();
    let header = Header::read(&mut frames)?;
    confine::to(&header.limits, header.parent)?;
    let mut input = InputReader::new(frames);
    match catch_panic(|| handler(header.request, &mut input)) {
        Ok(Ok(answer)) => protocol::write_frame(&mut answers, ANSWER, &answer),
        Ok(Err(refusal)) => {
            protocol::write_frame(&mut answers, REFUSAL, &serde_json::to_vec(&refusal)?)
        }
        Err(message) => protocol::write_frame(&mut answers, PANIC, message.as_bytes()),
    }
}

/// Keeps the pipe to the parent for the answer alone: standard output becomes another standard error.
fn take_stdout() -> io::Result<File> {
    let pipe = rustix::io::fcntl_dupfd_cloexec(io::stdout(), 3)?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    Ok(File::from(pipe))
}

/// Runs `work`; a panic that leaves it becomes its message and place.
///
/// The hook only notes the message. It does not answer and exit, because a library may catch a panic of its own and
/// carry on. With `panic = "abort"` the message is on standard error, where the parent finds it.
fn catch_panic<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let noted = Arc::new(Mutex::new(String::new()));
    let note = Arc::clone(&noted);
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        *note.lock().unwrap_or_else(PoisonError::into_inner) = describe(info);
        previous(info);
    }));
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    outcome.map_err(|_| std::mem::take(&mut *noted.lock().unwrap_or_else(PoisonError::into_inner)))
}

fn describe(info: &PanicHookInfo<'_>) -> String {
    let message = info.payload_as_str().unwrap_or("no message");
    let message: String = message.chars().take(1000).collect();
    match info.location() {
        Some(place) => format!("{message}, at {place}"),
        None => message,
    }
}
