//! What the demo prints: what was understood, what search found, and where to look.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::failure::Failure;
use crate::cli::intake::{Reading, Understood};
use crate::cli::output::{
    self, BAD, BOLD, DIM, DO, GOOD, WARN, bytes, clean, data, duration, note, place, short,
    snippet, text,
};
use crate::client::Client;

const NAME_CHARACTERS: usize = 40;
const WARNINGS_SHOWN: usize = 3;
/// Hits shown of a question, from different documents, and how many are asked for to find them.
const HITS_SHOWN: usize = 3;
const HITS_ASKED: usize = 25;

pub(super) fn hello(client: &Client, took: Duration, count: usize) {
    let version = env!("CARGO_PKG_VERSION");
    let (server, took) = (client.server(), duration(took));
    note(&format!(
        "{BOLD}Civitas {version}{BOLD:#}  {DO}{server}{DO:#}  {DIM}started in {took}{DIM:#}"
    ));
    let documents = if count == 1 { "document" } else { "documents" };
    note(&format!(
        "{DIM}Each of {count} {documents} is uploaded, kept and read through the API.{DIM:#}"
    ));
}

/// What was understood of each document.
pub(super) fn documents(understood: &[Understood], took: Duration) -> std::io::Result<()> {
    data(&format!("\n{BOLD}What was understood{BOLD:#}"))?;
    let widths = understood.iter().map(|one| one.name.chars().count());
    let width = widths.max().unwrap_or_default().min(NAME_CHARACTERS);
    for one in understood {
        let name = short(&one.name, width);
        let (size, took) = (bytes(one.size), duration(one.took));
        match &one.outcome {
            Ok(reading) => read(reading, &format!("{name:<width$}"), &size, &took)?,
            Err(failure) => {
                data(&format!(
                    "  {BAD}✗{BAD:#} {BOLD}{name:<width$}{BOLD:#}  {size:>10}  {BAD}failed{BAD:#}"
                ))?;
                data(&format!("      {}", clean(&failure.to_string())))?;
            }
        }
    }
    let good = understood.iter().filter(|one| one.outcome.is_ok()).count();
    let bad = understood.len() - good;
    let failed = if bad == 0 {
        String::new()
    } else {
        format!(", {BAD}{bad} failed{BAD:#}")
    };
    let took = duration(took);
    data(&format!(
        "  {DIM}{good} of {} understood in {took}{DIM:#}{failed}",
        understood.len()
    ))
}

fn read(reading: &Reading, name: &str, size: &str, took: &str) -> std::io::Result<()> {
    let facts = &reading.facts;
    let warnings = facts["warnings_count"].as_u64().unwrap_or_default();
    let (mark, colour) = if warnings == 0 {
        ('✓', GOOD)
    } else {
        ('!', WARN)
    };
    let kind = clean(text(facts, "file_type"));
    let summary = clean(text(facts, "summary"));
    data(&format!(
        "  {colour}{mark}{colour:#} {BOLD}{name}{BOLD:#}  {size:>10}  {kind:<6} {summary}  {DIM}{took}{DIM:#}"
    ))?;
    let listed = reading.renderings["warnings"].as_array();
    for warning in listed.into_iter().flatten().take(WARNINGS_SHOWN) {
        let message = short(text(warning, "message"), 140);
        data(&format!("      {WARN}note{WARN:#} {message}"))?;
    }
    let more = warnings.saturating_sub(WARNINGS_SHOWN as u64);
    if more > 0 {
        data(&format!("      {DIM}and {more} more notes{DIM:#}"))?;
    }
    Ok(())
}

/// Asks each question; answers them with what was found.
pub(super) async fn ask(
    client: &Client,
    questions: Vec<String>,
) -> Result<Vec<(String, Value)>, Failure> {
    let mut answers = Vec::with_capacity(questions.len());
    for question in questions {
        let query = [("q", question.clone()), ("limit", HITS_ASKED.to_string())];
        let found = client.get(&["api", "content", "search"], &query).await?;
        answers.push((question, found));
    }
    Ok(answers)
}

/// How many hits there were in all.
pub(super) fn hits(answers: &[(String, Value)]) -> u64 {
    let totals = answers.iter().map(|(_, found)| found["total"].as_u64());
    totals.flatten().sum()
}

/// Everything as one JSON object.
pub(super) fn machine(
    client: &Client,
    understood: &[Understood],
    answers: &[(String, Value)],
) -> std::io::Result<()> {
    let documents: Vec<Value> = understood.iter().map(Understood::to_json).collect();
    let searches: Vec<Value> = answers
        .iter()
        .map(|(question, found)| json!({ "question": question, "found": found }))
        .collect();
    let server = client.server();
    output::json(&json!({ "server": server, "documents": documents, "searches": searches }))
}

/// Shows each question's best hit in each of a few documents.
pub(super) fn searches(answers: &[(String, Value)]) -> std::io::Result<()> {
    data(&format!("\n{BOLD}What search finds across them{BOLD:#}"))?;
    for (question, found) in answers {
        let count = found["total"].as_u64().unwrap_or_default();
        let took = duration(Duration::from_micros(
            found["took_us"].as_u64().unwrap_or_default(),
        ));
        let hits = if count == 1 { "hit" } else { "hits" };
        data(&format!(
            "  {DO}{}{DO:#}  {DIM}{count} {hits} in {took}{DIM:#}",
            clean(question)
        ))?;
        for hit in best_of_each(found) {
            let (title, place) = (short(text(hit, "title"), NAME_CHARACTERS), place(hit));
            data(&format!("    {BOLD}{title}{BOLD:#}  {DIM}{place}{DIM:#}"))?;
            data(&format!("      {}", snippet(hit)))?;
        }
    }
    Ok(())
}

/// The best hit of each document, for the first few.
fn best_of_each(found: &Value) -> Vec<&Value> {
    let mut best: Vec<&Value> = Vec::new();
    for hit in found["hits"].as_array().into_iter().flatten() {
        if !best
            .iter()
            .any(|other| other["parent_id"] == hit["parent_id"])
        {
            best.push(hit);
        }
    }
    best.truncate(HITS_SHOWN);
    best
}

/// Where to look, and what to type next.
pub(super) fn what_next(
    client: &Client,
    understood: &[Understood],
    kept: Option<&Path>,
) -> Result<(), Failure> {
    let server = client.server();
    let mut lines = vec![
        String::new(),
        format!("{BOLD}Where to look{BOLD:#}"),
        format!("  {:<14} {DO}{server}/docs{DO:#}", "try the API"),
        format!("  {:<14} {DO}{server}/api/intents{DO:#}", "what it can do"),
        format!("  {:<14} {DO}{server}/health{DO:#}", "how it is"),
        String::new(),
        format!("{BOLD}What to try, in another terminal{BOLD:#}"),
    ];
    if server != "http://127.0.0.1:8000" {
        lines.push(format!("  {DO}export CIVITAS_SERVER={server}{DO:#}"));
    }
    let reading = understood.iter().find_map(|one| one.outcome.as_ref().ok());
    let mut commands = vec![
        ("files ls".to_owned(), "every file"),
        ("files search refund".to_owned(), "ask something"),
        ("executions list".to_owned(), "all that ran"),
    ];
    if let Some(reading) = reading {
        commands.push((
            format!("executions show {}", reading.execution_id),
            "how one file was read",
        ));
        commands.push((
            format!("files get {}", reading.file_id),
            "a file, byte by byte",
        ));
    }
    commands.push(("intent list".to_owned(), "everything that can be submitted"));
    let width = commands
        .iter()
        .map(|(command, _)| command.len())
        .max()
        .unwrap_or_default();
    for (command, why) in commands {
        lines.push(format!(
            "  {DO}civitas {command:<width$}{DO:#}  {DIM}{why}{DIM:#}"
        ));
    }
    lines.push(String::new());
    lines.push(match kept {
        Some(path) => format!("Everything is kept in {}; `civitas dev --data-dir` goes on with it.", path.display()),
        None => "Everything lies in a temporary folder that goes with the demo; --data-dir PATH keeps it.".to_owned(),
    });
    for line in lines {
        data(&line).map_err(|error| Failure::failed(format!("cannot print: {error}")))?;
    }
    Ok(())
}
