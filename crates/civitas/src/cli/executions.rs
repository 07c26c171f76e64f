//! `civitas executions`: what became of intents, and steering them.

use clap::{Args, Subcommand};
use serde_json::Value;

use super::failure::Failure;
use super::output::{self, BOLD, DIM, clean, data, moment, note, short, status_style, table, text};
use super::remote::Remote;
use crate::client::completed;

/// See what became of intents, and steer them.
#[derive(Debug, Subcommand)]
pub enum Executions {
    /// List executions, newest first.
    #[command(
        after_help = "Examples:\n  civitas executions list --status failed,waiting\n  civitas executions list --type parse_content --limit 5"
    )]
    List(List),
    /// Show an execution: parameters, where it stands, and its journal.
    #[command(after_help = "Example:\n  civitas executions show EXECUTION_ID")]
    Show(One),
    /// Follow an execution until it ends, through restarts of the server; exit code 1 when it fails.
    #[command(
        after_help = "Examples:\n  civitas executions watch EXECUTION_ID\n  civitas executions watch EXECUTION_ID --after 7 --json"
    )]
    Watch(Watch),
    /// Stop an execution, and everything it started. `retry` would start it again.
    #[command(after_help = "Example:\n  civitas executions cancel EXECUTION_ID")]
    Cancel(One),
    /// Park an execution until it is resumed.
    #[command(after_help = "Example:\n  civitas executions pause EXECUTION_ID")]
    Pause(One),
    /// Let a parked execution go on.
    #[command(after_help = "Example:\n  civitas executions resume EXECUTION_ID")]
    Resume(One),
    /// Try an execution again that failed or was cancelled; steps that were done are not done again.
    #[command(after_help = "Example:\n  civitas executions retry EXECUTION_ID")]
    Retry(One),
    /// Say what an execution is doing or waiting for, and what someone can do about it.
    #[command(after_help = "Example:\n  civitas executions why EXECUTION_ID")]
    Why(One),
}

/// Which executions.
#[derive(Debug, Args)]
pub struct List {
    /// Only with these statuses, separated by commas: pending, running, waiting, completed, failed, cancelled.
    #[arg(long, value_name = "STATUSES")]
    pub status: Option<String>,
    /// Only of this intent type.
    #[arg(long = "type", value_name = "TYPE")]
    pub intent_type: Option<String>,
    /// At most this many.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub limit: u32,
    /// Where the page before ended.
    #[arg(long, value_name = "EXECUTION_ID")]
    pub cursor: Option<String>,
}

/// Which execution.
#[derive(Debug, Args)]
pub struct One {
    /// The execution's id.
    #[arg(value_name = "EXECUTION_ID")]
    pub execution: String,
}

/// Which execution, and from where on.
#[derive(Debug, Args)]
pub struct Watch {
    /// The execution's id.
    #[arg(value_name = "EXECUTION_ID")]
    pub execution: String,
    /// The number of the last entry that was seen.
    #[arg(long, default_value_t = 0, value_name = "SEQ")]
    pub after: u64,
}

/// Runs a command of the group.
pub(crate) async fn run(command: Executions, remote: &Remote) -> anyhow::Result<()> {
    match command {
        Executions::List(arguments) => list(arguments, remote).await,
        Executions::Show(one) => show(&one.execution, remote).await,
        Executions::Watch(arguments) => watch(arguments, remote).await,
        Executions::Cancel(one) => steer(&one.execution, "cancel", remote).await,
        Executions::Pause(one) => steer(&one.execution, "pause", remote).await,
        Executions::Resume(one) => steer(&one.execution, "resume", remote).await,
        Executions::Retry(one) => steer(&one.execution, "retry", remote).await,
        Executions::Why(one) => why(&one.execution, remote).await,
    }
}

async fn list(arguments: List, remote: &Remote) -> anyhow::Result<()> {
    let mut query = vec![("limit", arguments.limit.to_string())];
    query.extend(arguments.status.map(|status| ("status", status)));
    query.extend(arguments.intent_type.map(|name| ("intent_type", name)));
    query.extend(arguments.cursor.map(|cursor| ("cursor", cursor)));
    let page = remote.client()?.get(&["api", "executions"], &query).await?;
    if remote.json {
        return Ok(output::json(&page)?);
    }
    let rows: Vec<Vec<String>> = page["executions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|execution| {
            vec![
                clean(text(execution, "execution_id")),
                clean(text(execution, "intent_type")),
                clean(text(execution, "status")),
                moment(execution, "created_at"),
                short(text(execution, "error"), 80),
            ]
        })
        .collect();
    table(
        &["EXECUTION ID", "INTENT", "STATUS", "SUBMITTED", "ERROR"],
        &rows,
    )?;
    if let Some(cursor) = page["next_cursor"].as_str() {
        note(&format!("there are more: add --cursor {}", clean(cursor)));
    }
    Ok(())
}

async fn show(execution: &str, remote: &Remote) -> anyhow::Result<()> {
    let client = remote.client()?;
    let path = ["api", "execution", execution];
    let mut shown = client.get(&path, &[]).await?;
    if remote.json {
        return Ok(output::json(&shown)?);
    }
    headline(&shown)?;
    data(&format!(
        "{DIM}submitted{DIM:#}   {}",
        moment(&shown, "created_at")
    ))?;
    data(&format!("{DIM}attempts{DIM:#}    {}", shown["attempt"]))?;
    data(&format!(
        "{DIM}parameters{DIM:#}  {}",
        short(&shown["parameters"].to_string(), 200)
    ))?;
    if let Some(error) = shown["error"].as_str() {
        data(&format!("{DIM}error{DIM:#}       {}", clean(error)))?;
    }
    data(&format!("{BOLD}journal{BOLD:#}"))?;
    let made = completed(&shown).unwrap_or_default();
    loop {
        for entry in shown["journal"].as_array().into_iter().flatten() {
            data(&line(entry))?;
        }
        let Some(after) = shown["next_after"].as_u64() else {
            break;
        };
        shown = client.get(&path, &[("after", after.to_string())]).await?;
    }
    if !made.is_null() {
        data(&format!("{BOLD}made{BOLD:#}"))?;
        output::json(&made["semantic_payload"])?;
    }
    Ok(())
}

fn headline(execution: &Value) -> std::io::Result<()> {
    let status = text(execution, "status");
    let style = status_style(status);
    let (name, id) = (
        clean(text(execution, "intent_type")),
        clean(text(execution, "execution_id")),
    );
    data(&format!(
        "{BOLD}{name}{BOLD:#}  {style}{status}{style:#}  {DIM}{id}{DIM:#}"
    ))
}

/// One entry of a journal.
fn line(entry: &Value) -> String {
    let style = status_style(text(entry, "status"));
    let what = text(entry, "event_type").to_lowercase().replace('_', " ");
    let mut line = format!(
        "{DIM}{:>4}  {}{DIM:#}  {style}{:<22}{style:#}",
        entry["seq"].to_string(),
        moment(entry, "timestamp"),
        clean(&what)
    );
    let details = match (entry["error"].as_str(), &entry["data"]) {
        (Some(error), _) => clean(error),
        (None, Value::Null) => String::new(),
        (None, data) if data.as_object().is_some_and(serde_json::Map::is_empty) => String::new(),
        (None, data) => short(&data.to_string(), 120),
    };
    for part in [clean(text(entry, "name")), details] {
        if !part.is_empty() {
            line.push_str("  ");
            line.push_str(&part);
        }
    }
    line.trim_end().to_owned()
}

async fn watch(arguments: Watch, remote: &Remote) -> anyhow::Result<()> {
    let client = remote.client()?;
    let mut printed = Ok(());
    let status = client
        .follow(&arguments.execution, arguments.after, |entry| {
            if printed.is_ok() {
                printed = data(&if remote.json {
                    entry.to_string()
                } else {
                    line(entry)
                });
            }
        })
        .await?;
    printed?;
    match status.as_str() {
        "completed" => Ok(()),
        _ => Err(Failure::failed(
            format!(
                "the execution has {status}: `civitas executions why {}` says what to do",
                arguments.execution
            )
            .replace("has cancelled", "was cancelled"),
        )
        .into()),
    }
}

async fn steer(execution: &str, verb: &str, remote: &Remote) -> anyhow::Result<()> {
    let path = ["api", "execution", execution, verb];
    let now = remote.client()?.post(&path, None).await?;
    if remote.json {
        return Ok(output::json(&now)?);
    }
    Ok(headline(&now)?)
}

async fn why(execution: &str, remote: &Remote) -> anyhow::Result<()> {
    let why = remote
        .client()?
        .get(&["api", "execution", execution, "why"], &[])
        .await?;
    if remote.json {
        return Ok(output::json(&why)?);
    }
    headline(&why["execution"])?;
    data(&clean(text(&why, "summary")))?;
    let next = text(&why, "next");
    if !next.is_empty() {
        data(&format!("{BOLD}next{BOLD:#}  {}", clean(next)))?;
    }
    Ok(())
}
