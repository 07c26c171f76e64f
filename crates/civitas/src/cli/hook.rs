//! `civitas hook`: one event of a coding agent, from standard input to the server, and its answer back.
//!
//! Fails closed. Exit code 2 is the only one that holds an event back by itself, so it stands for everything that goes wrong
//! and for every refusal; the sentence on standard error is what the model or its user sees.

use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use civitas_hooks::{Answer, Event, Name, OnFailure, Verdict};
use clap::Args;
use serde_json::{Value, json};

use super::agents::installed;
use super::failure::Failure;
use super::output::clean;
use super::remote::Remote;
use crate::client::Client;

/// The largest event that is read.
const EVENT_BYTES_MAX: usize = 16 << 20;
/// The largest answer that is read.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// What is read of it at once: as much as a pipe holds.
const CHUNK_BYTES: usize = 64 << 10;
/// The exit code that holds an event back.
const HELD_BACK: u8 = 2;

/// Which event, and how long.
#[derive(Debug, Args)]
pub struct Hook {
    /// Which event it is, such as `pre-tool-use`; it decides what happens when the event cannot be read.
    #[arg(value_name = "EVENT")]
    pub event: Option<String>,
    /// How long to wait for the server; a little less than the client waits for this event by default.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub timeout: Option<u32>,
}

/// What could not be done, and for which event.
struct Trouble {
    event: Option<Box<Event>>,
    text: String,
}

/// Runs the command.
pub(crate) fn run(arguments: &Hook, remote: &Remote) -> ExitCode {
    let typed = arguments.event.as_deref().and_then(Name::typed);
    match ask(arguments, typed, remote) {
        Ok((event, answer, verdict)) => deliver(&event, &answer, &verdict),
        Err(trouble) => give_up(typed, &trouble),
    }
}

/// Reads the event and asks the server about it.
fn ask(
    arguments: &Hook,
    typed: Option<Name>,
    remote: &Remote,
) -> Result<(Event, Value, Verdict), Trouble> {
    let started = Instant::now();
    let unread = |text| Trouble { event: None, text };
    let event = Event::parse(received(patience(typed)).map_err(unread)?)
        .map_err(|error| unread(error.to_string()))?;
    let asked = || {
        let name = event.name().or(typed);
        if name == Some(Name::WorktreeCreate) {
            let text = "a hook on WorktreeCreate makes the worktree itself, which Civitas does not: take it out of the settings";
            return Err(text.to_owned());
        }
        let limit = arguments.timeout.map_or_else(
            || patience(name),
            |seconds| Duration::from_secs(seconds.into()),
        );
        let answer = request(remote, &event, limit.saturating_sub(started.elapsed()))?;
        let verdict = Verdict::said(&event, &answer).ok_or_else(|| {
            format!(
                "{} does not answer like a Civitas server: check CIVITAS_SERVER",
                remote.server
            )
        })?;
        Ok((answer, verdict))
    };
    match asked() {
        Ok((answer, verdict)) => Ok((event, answer, verdict)),
        Err(text) => Err(Trouble {
            event: Some(Box::new(event)),
            text,
        }),
    }
}

/// How long to wait for the server: less than the client, which would go on as if nothing had been said.
fn patience(name: Option<Name>) -> Duration {
    let client = name.map_or(10, Name::timeout_seconds);
    Duration::from_secs((client - (client / 10).clamp(1, 10)).into())
}

/// The event on standard input, if it comes in time. Its end is not waited for: a client need not close it.
fn received(limit: Duration) -> Result<Value, String> {
    let (sender, receiver) = mpsc::sync_channel(1);
    // Reading cannot be given up; the process ends without it.
    std::thread::spawn(move || {
        // Nobody listens any more when it took too long.
        drop(sender.send(read(&mut io::stdin().lock())));
    });
    let late = || Err("no whole event came on standard input in time".to_owned());
    receiver.recv_timeout(limit).unwrap_or_else(|_| late())
}

/// The first JSON value of an input.
fn read(input: &mut impl Read) -> Result<Value, String> {
    let mut bytes = Vec::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match input.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(format!("standard input cannot be read: {error}")),
        }
        if bytes.len() > EVENT_BYTES_MAX {
            return Err(format!(
                "the event on standard input is over {EVENT_BYTES_MAX} bytes"
            ));
        }
        if bytes.trim_ascii_end().ends_with(b"}")
            && let Ok(event) = serde_json::from_slice(&bytes)
        {
            return Ok(event);
        }
    }
    if bytes.trim_ascii().is_empty() {
        return Err(
            "there is no event on standard input: Claude Code hands it to its hooks".to_owned(),
        );
    }
    serde_json::from_slice(&bytes)
        .map_err(|error| format!("the event on standard input is not whole JSON: {error}"))
}

fn request(remote: &Remote, event: &Event, limit: Duration) -> Result<Value, String> {
    let (server, token) = installed::credentials(remote);
    let client =
        Client::patient(&server, token, limit * 2).map_err(|failure| failure.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot wait for a server: {error}"))?;
    let posted =
        runtime.block_on(async { tokio::time::timeout(limit, post(&client, event)).await });
    match posted {
        Err(_) => Err(format!(
            "{server} did not answer within {} s",
            limit.as_secs()
        )),
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(Failure::Unreachable { server, reason })) => Err(format!(
            "{server} cannot be reached ({reason}): start Civitas there, or set CIVITAS_SERVER"
        )),
        Ok(Err(failure)) if failure.is_not_allowed() => Err(format!(
            "{server} does not accept the token ({failure}): run `civitas agents install claude-code` again"
        )),
        Ok(Err(Failure::Told { code, .. })) if code == "not_found" => Err(format!(
            "{server} knows no hooks: check CIVITAS_SERVER, and that this server is as new as this program"
        )),
        Ok(Err(failure)) => Err(failure.to_string()),
    }
}

/// Sends an event to a server and hears its answer; null when it says nothing at all, as no Civitas server does.
pub(super) async fn post(client: &Client, event: &Event) -> Result<Value, Failure> {
    let path = ["api", "v1", "hooks", "claude-code"];
    client.post_short(&path, &event.raw, ANSWER_BYTES_MAX).await
}

/// Hands the answer on.
fn deliver(event: &Event, answer: &Value, verdict: &Verdict) -> ExitCode {
    if print(answer).is_err() {
        return give_up(
            event.name(),
            &Trouble {
                event: Some(Box::new(event.clone())),
                text: "the answer could not be written".to_owned(),
            },
        );
    }
    // A halt is said in the answer alone, which the code 2 made older clients overlook.
    match (holds_back(event.name()), verdict) {
        (OnFailure::Block, Verdict::Refused(reason)) => {
            say(reason);
            ExitCode::from(HELD_BACK)
        }
        _ => ExitCode::SUCCESS,
    }
}

/// Refuses, where there is something to refuse.
fn give_up(typed: Option<Name>, trouble: &Trouble) -> ExitCode {
    let name = trouble
        .event
        .as_ref()
        .map_or(typed, |event| event.name().or(typed));
    match holds_back(name) {
        OnFailure::Block => {
            say(&format!(
                "refused, because Civitas could not decide: {}",
                trouble.text
            ));
            ExitCode::from(HELD_BACK)
        }
        OnFailure::Deny => {
            let reason = format!(
                "refused, because Civitas could not decide: {}",
                trouble.text
            );
            say(&reason);
            let event = json!({ "session_id": "-", "hook_event_name": name.map(Name::as_str) });
            let denied = Event::parse(event).map(|event| Answer::Deny { reason }.render(&event));
            match denied.map(|answer| print(&answer)) {
                Ok(Ok(())) => ExitCode::SUCCESS,
                _ => ExitCode::from(HELD_BACK),
            }
        }
        OnFailure::Proceed => {
            let text = format!("not reported to Civitas: {}", trouble.text);
            say(&text);
            if name == Some(Name::SessionStart) {
                // Standard error is not shown for this event; the user should know before the first call is refused.
                let warning = json!({ "systemMessage": format!("{text}. Until then, tool calls are refused.") });
                drop(print(&warning));
            }
            ExitCode::SUCCESS
        }
    }
}

/// What an event that is not known asks for is not known either.
fn holds_back(name: Option<Name>) -> OnFailure {
    name.map_or(OnFailure::Block, Name::on_failure)
}

fn print(answer: &Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{answer}")?;
    out.flush()
}

fn say(text: &str) {
    // Nobody there to read it changes nothing.
    let _ = writeln!(io::stderr().lock(), "civitas: {}", clean(text));
}
