//! `civitas agents import` and `civitas agents drift`: a folder of files, held against the registry.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};

use super::folder::{Folder, collect};
use crate::cli::failure::Failure;
use crate::cli::output::{self, BAD, DIM, DO, GOOD, WARN, clean, counted, data, note, text};
use crate::cli::remote::Remote;
use crate::client::Client;

/// Files, and bytes of their texts, of one request.
const BATCH_FILES: usize = 250;
const BATCH_BYTES: usize = 6 << 20;
/// Drafts that are named in the command that puts them to work.
const NAMED_MAX: usize = 3;

/// Read a folder of agent files into the registry.
#[derive(Debug, Args)]
pub struct Import {
    /// The folder.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Say what would be done, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Say where a folder and the registry differ.
#[derive(Debug, Args)]
pub struct Drift {
    /// The folder.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

async fn folder(path: PathBuf) -> anyhow::Result<Folder> {
    let collected = tokio::task::spawn_blocking(move || collect(&path)).await;
    Ok(collected.context("reading the folder was stopped")??)
}

/// Sends the files in pieces, and answers what became of each, in the order of their paths.
async fn send(client: &Client, folder: Folder, dry_run: bool) -> Result<Vec<Value>, Failure> {
    let mut done = folder.left_out;
    let mut batch = Vec::new();
    let mut bytes = 0;
    let mut batches = Vec::new();
    for file in folder.files {
        let size = text(&file, "text").len();
        if batch.len() >= BATCH_FILES || (bytes + size > BATCH_BYTES && !batch.is_empty()) {
            batches.push(std::mem::take(&mut batch));
            bytes = 0;
        }
        bytes += size;
        batch.push(file);
    }
    if !batch.is_empty() {
        batches.push(batch);
    }
    for files in batches {
        let body = json!({ "files": files, "dry_run": dry_run });
        let path = ["api", "v1", "registry", "import"];
        let answer = client.post(&path, Some(&body)).await?;
        done.extend(answer["files"].as_array().cloned().unwrap_or_default());
    }
    done.sort_by(|one, other| text(one, "path").cmp(text(other, "path")));
    Ok(done)
}

/// How many files there are of each outcome and of each action.
fn summary(files: &[Value]) -> BTreeMap<String, usize> {
    let mut summary = BTreeMap::from([("total".to_owned(), files.len())]);
    for file in files {
        let (outcome, action) = (text(file, "outcome"), text(file, "action"));
        *summary.entry(outcome.to_owned()).or_default() += 1;
        if outcome != action {
            *summary.entry(action.to_owned()).or_default() += 1;
        }
    }
    summary
}

pub(super) async fn run(arguments: Import, remote: &Remote) -> anyhow::Result<()> {
    let client = remote.client()?;
    let folder = folder(arguments.folder).await?;
    let files = send(&client, folder, arguments.dry_run).await?;
    let summary = summary(&files);
    let failed = summary.get("failed").copied().unwrap_or_default();
    if remote.json {
        output::json(&json!({ "dry_run": arguments.dry_run, "summary": summary, "files": files }))?;
    } else {
        for file in &files {
            show(file)?;
        }
        let count = |name: &str| summary.get(name).copied().unwrap_or_default();
        let would = if arguments.dry_run { "would be " } else { "" };
        note(&format!(
            "{}: {} loaded, {} repaired, {} synthesised, {} skipped; {would}{} created, {} updated, {} unchanged, {} kept, {failed} failed",
            counted(files.len(), "file"),
            count("loaded"),
            count("repaired"),
            count("synthesised"),
            count("skipped"),
            count("created"),
            count("updated"),
            count("unchanged"),
            count("kept"),
        ));
        say_drafts(&files, arguments.dry_run);
    }
    if failed > 0 {
        let total = counted(files.len(), "file");
        let message = format!("{failed} of {total} failed: each says why");
        return Err(Failure::failed(message).into());
    }
    Ok(())
}

/// Says which agents are denied everything until somebody puts them to work, and how.
fn say_drafts(files: &[Value], dry_run: bool) {
    let drafts: Vec<String> = files
        .iter()
        .filter(|file| !["skipped", "failed"].contains(&text(file, "action")))
        .filter(|file| file["agent"]["lifecycle"] == "draft")
        .map(|file| clean(text(&file["agent"], "name")))
        .collect();
    let which = match drafts.as_slice() {
        [] => return,
        few if few.len() <= NAMED_MAX => few.join(" "),
        _ => "--drafts".to_owned(),
    };
    let (waits, calls) = match (drafts.len(), dry_run) {
        (1, false) => ("1 agent waits as a draft".to_owned(), "its calls are"),
        (1, true) => (
            "1 agent would wait as a draft".to_owned(),
            "its calls would be",
        ),
        (count, false) => (format!("{count} agents wait as drafts"), "their calls are"),
        (count, true) => (
            format!("{count} agents would wait as drafts"),
            "their calls would be",
        ),
    };
    note(&format!(
        "{WARN}{waits}:{WARN:#} {calls} denied until {DO}civitas agents activate {which}{DO:#}"
    ));
}

/// One file: how it was read, what was done, and everything there is to say about it.
fn show(file: &Value) -> std::io::Result<()> {
    let (outcome, action) = (text(file, "outcome"), text(file, "action"));
    let style = match (outcome, action) {
        (_, "failed") => BAD,
        (_, "kept") => WARN,
        ("loaded", _) => GOOD,
        ("skipped", _) => DIM,
        _ => WARN,
    };
    let agent = &file["agent"];
    let who = match agent["name"].as_str() {
        Some(name) => format!("{name} ({})", text(agent, "role")),
        None => String::new(),
    };
    data(&format!(
        "{style}{outcome:<12}{style:#}{action:<10} {}  {DIM}{}{DIM:#}",
        clean(&who),
        clean(text(file, "path"))
    ))?;
    if outcome == "synthesised" {
        let state = text(agent, "lifecycle");
        let why = text(agent, "role_reasoning");
        data(&clean(&format!("    {state}; its role, because {why}")))?;
    }
    if let Some(reason) = file["reason"].as_str() {
        data(&clean(&format!("    {reason}")))?;
    }
    for repair in strings(&file["repairs"]) {
        data(&clean(&format!("    {repair}")))?;
    }
    let changes = strings(&file["changes"]).join(", ");
    if !changes.is_empty() {
        data(&clean(&format!("    differs in {changes}")))?;
    }
    Ok(())
}

fn strings(value: &Value) -> Vec<&str> {
    let items = value.as_array().into_iter().flatten();
    items.filter_map(Value::as_str).collect()
}

pub(super) async fn drift(arguments: Drift, remote: &Remote) -> anyhow::Result<()> {
    let client = remote.client()?;
    let folder = folder(arguments.folder).await?;
    let files = send(&client, folder, true).await?;
    let mut known = HashSet::new();
    let mut drift = Vec::new();
    for file in &files {
        known.insert(text(&file["agent"], "agent_id").to_owned());
        let how = match text(file, "action") {
            "created" => "not registered",
            "updated" => "file changed",
            "kept" => "registry changed",
            "failed" => "failed",
            _ => continue,
        };
        drift.push(json!({
            "agent": file["agent"]["name"], "path": file["path"], "drift": how, "changes": file["changes"],
            "reason": file["reason"],
        }));
    }
    for agent in super::all(&client, &[]).await? {
        let id = text(&agent, "agent_id");
        let is_retired = agent["registry"]["lifecycle"] == "retired";
        if !known.contains(id) && !is_retired {
            drift.push(json!({
                "agent": agent["name"], "path": agent["registry"]["source_path"], "drift": "no file", "changes": [],
                "reason": null,
            }));
        }
    }
    if remote.json {
        output::json(&json!({ "drift": drift }))?;
    } else {
        for one in &drift {
            let changes = strings(&one["changes"]).join(", ");
            data(&clean(&format!(
                "{:<17} {}  {}  {changes}",
                text(one, "drift"),
                text(one, "agent"),
                text(one, "path")
            )))?;
        }
    }
    if drift.is_empty() {
        note("files and registry say the same");
        return Ok(());
    }
    let message = format!(
        "{} differ{}: `civitas agents import` takes files, `civitas agents export` writes them",
        counted(drift.len(), "agent"),
        if drift.len() == 1 { "s" } else { "" }
    );
    Err(Failure::failed(message).into())
}
