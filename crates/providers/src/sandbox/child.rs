//! The child's side: confine, then read, handle and answer, job after job.

use std::fs::File;
use std::io::{self, Read, Write};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::confine;
use super::probe;
use super::protocol::{
    self, ANSWER, HEADER, Header, Input, PANIC, PROBE, READY, REFUSAL, SETUP, Setup, garbled,
    read_json, write_frame,
};

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

/// Serves jobs until the parent closes the pipe, and says how to exit. Call it first thing in `main`, before any file is
/// opened or thread started: it closes every file descriptor but the standard three.
///
/// The handler gets the request and the input; where it leaves input unread, or panics, the child ends after its answer.
/// What it prints goes to standard error, so that it cannot spoil the answer. A panic is answered as one.
pub fn child_main(
    handler: impl FnMut(Value, &mut Input<'_>) -> Result<Vec<u8>, ChildRefusal>,
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
    mut handler: impl FnMut(Value, &mut Input<'_>) -> Result<Vec<u8>, ChildRefusal>,
) -> io::Result<()> {
    confine::at_start()?;
    let mut answers = take_stdout()?;
    let mut frames = io::stdin().lock();
    let confined = match protocol::next_frame(&mut frames)? {
        Some((SETUP, length)) => {
            let setup: Setup = read_json(&mut frames, length)?;
            confine::to(&setup.limits, setup.parent)?
        }
        Some(_) => return Err(garbled("expected the setup")),
        None => return Ok(()),
    };
    let panics = Panics::note();
    while let Some(frame) = protocol::next_frame(&mut frames)? {
        match frame {
            (HEADER, length) => {
                let again = job(&mut handler, &panics, &mut frames, length, &mut answers)?;
                if !again {
                    break;
                }
                let held = serde_json::to_vec(&confined.held()?)?;
                write_frame(&mut answers, READY, &held)?;
            }
            (PROBE, length) => {
                let found = probe::answer(read_json(&mut frames, length)?, &confined);
                write_frame(&mut answers, ANSWER, &serde_json::to_vec(&found)?)?;
            }
            _ => return Err(garbled("expected a job")),
        }
    }
    Ok(())
}

/// Does one job; says whether another may follow.
fn job(
    handler: &mut impl FnMut(Value, &mut Input<'_>) -> Result<Vec<u8>, ChildRefusal>,
    panics: &Panics,
    frames: &mut dyn Read,
    length: u64,
    answers: &mut File,
) -> io::Result<bool> {
    let header: Header = read_json(frames, length)?;
    let mut input = Input::new(frames, header.size);
    let outcome = panics.catch(|| handler(header.request, &mut input));
    let whole = input.has_ended();
    match outcome {
        Ok(Ok(answer)) => write_frame(answers, ANSWER, &answer)?,
        Ok(Err(refusal)) => write_frame(answers, REFUSAL, &serde_json::to_vec(&refusal)?)?,
        Err(message) => {
            write_frame(answers, PANIC, message.as_bytes())?;
            return Ok(false);
        }
    }
    Ok(whole)
}

/// Keeps the pipe to the parent for the answer alone: standard output becomes another standard error.
fn take_stdout() -> io::Result<File> {
    let pipe = rustix::io::fcntl_dupfd_cloexec(io::stdout(), 3)?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    Ok(File::from(pipe))
}

/// The message of the last panic.
///
/// The hook only notes it. It does not answer and exit, because a library may catch a panic of its own and carry on.
/// With `panic = "abort"` the message is on standard error, where the parent finds it.
struct Panics(Arc<Mutex<String>>);

impl Panics {
    fn note() -> Self {
        let noted = Arc::new(Mutex::new(String::new()));
        let note = Arc::clone(&noted);
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            *note.lock().unwrap_or_else(PoisonError::into_inner) = describe(info);
            previous(info);
        }));
        Self(noted)
    }

    /// Runs `work`; a panic that leaves it becomes its message and place.
    fn catch<T>(&self, work: impl FnOnce() -> T) -> Result<T, String> {
        panic::catch_unwind(AssertUnwindSafe(work)).map_err(|_| {
            std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
        })
    }
}

fn describe(info: &PanicHookInfo<'_>) -> String {
    let message = info.payload_as_str().unwrap_or("no message");
    let message: String = message.chars().take(1000).collect();
    match info.location() {
        Some(place) => format!("{message}, at {place}"),
        None => message,
    }
}
