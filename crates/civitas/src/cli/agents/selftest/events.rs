//! What the server answers to events.

use std::time::Duration;

use civitas_hooks::{CORPUS, Event, Name, Verdict};
use futures::{StreamExt, stream};
use serde_json::{Value, json};

use super::{Bench, Outcome, Row};
use crate::cli::hook;

/// How long one answer may take. A call that waits for a person takes longer, and is held back just as well.
const PATIENCE: Duration = Duration::from_secs(4);
/// Events that are under way at the same time.
const AT_ONCE: usize = 8;
/// Failures that are named.
const NAMED_MAX: usize = 4;

/// What became of an event.
enum Heard {
    Said(Value, Verdict),
    /// A person is being asked.
    Held,
}

async fn send(bench: &Bench, event: &Event) -> Result<Heard, String> {
    let waits = matches!(
        event.name(),
        Some(Name::PreToolUse | Name::PermissionRequest)
    );
    match tokio::time::timeout(PATIENCE, hook::post(&bench.hooks, event)).await {
        Err(_) if waits => Ok(Heard::Held),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
        Ok(Err(failure)) => Err(failure.to_string()),
        Ok(Ok(answer)) => match Verdict::said(event, &answer) {
            Some(verdict) => Ok(Heard::Said(answer, verdict)),
            None => Err(format!(
                "the client would not take this for an answer: {answer}"
            )),
        },
    }
}

/// Every recorded event is answered in a form that the client takes.
pub(super) async fn corpus(bench: &Bench) -> Row {
    const CHECK: &str = "all events";
    let names = |wanted: fn(&str) -> bool| {
        CORPUS
            .iter()
            .map(|recorded| recorded.name)
            .filter(move |name| wanted(name))
    };
    // A session begins before anything happens in it, and ends last.
    let mut heard = Vec::new();
    let is_end = |name: &str| name == "session-end";
    let is_start = |name: &str| name == "session-start";
    for name in names(is_start) {
        heard.push((name, one(bench, name).await));
    }
    let between = names(|name| name != "session-start" && name != "session-end");
    let between = stream::iter(between).map(async |name| (name, one(bench, name).await));
    heard.extend(between.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await);
    for name in names(is_end) {
        heard.push((name, one(bench, name).await));
    }
    let held = heard
        .iter()
        .filter(|(_, outcome)| matches!(outcome, Ok(Heard::Held)))
        .count();
    let failed: Vec<String> = heard
        .iter()
        .filter_map(|(name, outcome)| Some(format!("{name}: {}", outcome.as_ref().err()?)))
        .collect();
    if !failed.is_empty() {
        let first = failed
            .iter()
            .take(NAMED_MAX)
            .cloned()
            .collect::<Vec<_>>()
            .join("; ");
        let text = format!(
            "{} of {} recorded events failed: {first}",
            failed.len(),
            heard.len()
        );
        return Row::of(CHECK, Err(text));
    }
    let waiting = if held == 0 {
        String::new()
    } else {
        format!(", {held} of them by waiting for a person")
    };
    Row::of(
        CHECK,
        Ok(format!(
            "{} recorded events are answered in the right form{waiting}",
            heard.len()
        )),
    )
}

async fn one(bench: &Bench, name: &str) -> Result<Heard, String> {
    send(bench, &bench.event(name, |_| {})?).await
}

/// A call that every policy denies is denied.
pub(super) async fn deny(bench: &Bench, check: &'static str, recorded: &str) -> Row {
    let outcome = async {
        let event = bench.denied(recorded)?;
        match send(bench, &event).await? {
            Heard::Said(_, Verdict::Refused(reason)) => {
                Ok(format!("`{}` is refused: {reason}", super::DENIED))
            }
            Heard::Said(answer, _) => Err(format!("`{}` is not refused: {answer}", super::DENIED)),
            Heard::Held => Err(format!(
                "`{}` waits for a person instead of being refused",
                super::DENIED
            )),
        }
    };
    Row::of(check, outcome.await)
}

/// An event that comes twice, because an answer got lost, is decided once.
pub(super) async fn twice(bench: &Bench) -> Row {
    let outcome = async {
        let event = bench.denied("pre-tool-use")?;
        let (first, second) = (send(bench, &event).await?, send(bench, &event).await?);
        match (first, second) {
            (Heard::Said(first, _), Heard::Said(second, _)) if first == second => {
                Ok("an event that is sent twice gets the same answer".to_owned())
            }
            _ => Err("an event that is sent twice gets two different answers".to_owned()),
        }
    };
    Row::of("once", outcome.await)
}

/// Ends the test's sessions, which takes back what they asked people for.
pub(super) async fn end(bench: &Bench) -> Result<(), String> {
    for session in [bench.session.clone(), halted(bench)] {
        let event = bench.event("session-end", |raw| raw["session_id"] = json!(session))?;
        send(bench, &event).await?;
    }
    Ok(())
}

/// The session that the test halts.
fn halted(bench: &Bench) -> String {
    format!("{}-halted", bench.session)
}

/// A session that was halted is told to stop at its next event.
pub(super) async fn halt(bench: &Bench) -> Row {
    const CHECK: &str = "halt";
    let session = halted(bench);
    let halt = json!({ "scope": { "kind": "session", "id": session }, "reason": "civitas agents selftest" });
    let set = match bench
        .operator
        .post(&["api", "v1", "halts"], Some(&halt))
        .await
    {
        Ok(set) => set,
        Err(failure) if failure.is_not_allowed() => {
            return Row::skipped(
                CHECK,
                "halting a session needs an administrator: give a token with --token",
            );
        }
        Err(failure) => return Row::of(CHECK, Err(failure.to_string())),
    };
    let outcome = async {
        for name in [
            "pre-tool-use",
            "pre-tool-use.subagent",
            "user-prompt-submit",
            "post-tool-use",
        ] {
            let event = bench.event(name, |raw| raw["session_id"] = json!(session))?;
            match send(bench, &event).await? {
                Heard::Said(_, Verdict::Halted(_)) => {}
                Heard::Said(answer, _) => {
                    return Err(format!(
                        "{name} of a halted session is not told to stop: {answer}"
                    ));
                }
                Heard::Held => return Err(format!("{name} of a halted session waits")),
            }
        }
        Ok("a halted session is told to stop, its sub-agents too".to_owned())
    };
    let mut row = Row::of(CHECK, outcome.await);
    let id = set["halt_id"].as_str().unwrap_or_default();
    if let Err(failure) = bench.operator.delete(&["api", "v1", "halts", id]).await
        && row.outcome == Outcome::Passed
    {
        // It stops nobody: its session is this test's.
        row.text = format!("{}; the test's halt stays ({failure})", row.text);
    }
    row
}
