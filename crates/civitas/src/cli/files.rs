//! `civitas files`: bring files in, get them back, list and search them.

mod get;
mod known;
mod life;
mod put;
mod rules;
mod search;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::output::{bytes, clean, moment, note, short, table, text};
use super::remote::Remote;
use get::Get;
use life::{Explained, Info, Purge, Several, Tag};
use put::Put;
use rules::Rules;
pub use search::Search;
pub(super) use search::search;

/// Bring files in, get them back, list and search them.
#[derive(Debug, Subcommand)]
pub enum Files {
    /// Upload files.
    #[command(
        after_help = "Examples:\n  civitas files put contract.pdf --wait\n  civitas files put -r reports/ --wait   # again: goes on where it ended"
    )]
    Put(Put),
    /// Download a file, byte for byte; a download that was cut off is resumed.
    #[command(
        after_help = "Examples:\n  civitas files get 01a1fe08-eb70-785e-ab71-c00051bfe45e\n  civitas files get FILE_ID -o contract.pdf\n  civitas files get FILE_ID -o - | wc -c"
    )]
    Get(Get),
    /// List files, newest first.
    #[command(
        after_help = "Examples:\n  civitas files ls --type pdf\n  civitas files ls --status archived --tag contract\n  civitas files ls --json | jq -r '.files[].file_id'"
    )]
    Ls(List),
    /// Show everything that is known about a file.
    #[command(after_help = "Example:\n  civitas files info FILE_ID")]
    Info(Info),
    /// Put words on a file, for `civitas files ls --tag`.
    #[command(
        after_help = "Examples:\n  civitas files tag FILE_ID contract 2026\n  civitas files tag FILE_ID --remove draft"
    )]
    Tag(Tag),
    /// Set files aside: lists and search leave them out, nothing is lost.
    #[command(
        after_help = "Examples:\n  civitas files archive FILE_ID --reason 'the year is over'\n  civitas files ls --status archived"
    )]
    Archive(Explained),
    /// Bring archived files back.
    #[command(after_help = "Example:\n  civitas files restore FILE_ID")]
    Restore(Several),
    /// Take files' content away for good. The record of what they were, and who purged them, stays.
    #[command(
        after_help = "Example:\n  civitas files purge FILE_ID --yes --reason 'the customer asked for it'"
    )]
    Purge(Purge),
    /// See or state the rules that `validate_file` checks every file against.
    #[command(subcommand)]
    Rules(Rules),
    /// Search everything that was read; `civitas search` is the same.
    #[command(
        after_help = "Examples:\n  civitas files search late delivery penalty\n  civitas files search '\"exact phrase\" -without begin*' --type pdf,csv\n  civitas files search invoice --tag unpaid --after 2026-03 --facets"
    )]
    Search(Search),
}

/// Stands before a word such as `-without` while arguments are read: it is no option.
pub(super) const LEFT_OUT: char = '\u{1}';

/// List files.
#[derive(Debug, Args)]
pub struct List {
    /// Only of this type, such as `pdf`.
    #[arg(long = "type", value_name = "TYPE")]
    pub file_type: Option<String>,
    /// Only in this status: `ingested`, `active`, `archived`, `purged` or `any` [default: ingested and active].
    #[arg(long, value_name = "STATUS", value_parser = ["ingested", "active", "archived", "purged", "any"], hide_possible_values = true)]
    pub status: Option<String>,
    /// Only with this in their name.
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// Only with this tag; may be repeated.
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// At most this many.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: u32,
    /// Skip this many.
    #[arg(long, default_value_t = 0)]
    pub offset: u32,
}

/// Runs a command of the group.
pub(crate) async fn run(command: Files, remote: &Remote) -> anyhow::Result<()> {
    match command {
        Files::Put(arguments) => put::run(arguments, remote).await,
        Files::Get(arguments) => get::run(arguments, remote).await,
        Files::Ls(arguments) => list(arguments, remote).await,
        Files::Info(arguments) => life::info(arguments, remote).await,
        Files::Tag(arguments) => life::tag(arguments, remote).await,
        Files::Archive(arguments) => life::archive(arguments, remote).await,
        Files::Restore(arguments) => life::restore(arguments, remote).await,
        Files::Purge(arguments) => life::purge(arguments, remote).await,
        Files::Rules(command) => rules::run(command, remote).await,
        Files::Search(arguments) => search(arguments, remote).await,
    }
}

async fn list(arguments: List, remote: &Remote) -> anyhow::Result<()> {
    let mut filters = Map::new();
    let stated = [
        ("file_type", arguments.file_type),
        ("status", arguments.status),
        ("ui_name", arguments.name),
    ];
    for (name, value) in stated {
        if let Some(value) = value {
            filters.insert(name.to_owned(), value.into());
        }
    }
    if !arguments.tags.is_empty() {
        filters.insert("tags".to_owned(), arguments.tags.into());
    }
    let is_filtered = !filters.is_empty();
    let query = json!({ "filters": filters, "limit": arguments.limit, "offset": arguments.offset });
    let page = remote.client()?.run("query_files", query).await?;
    if remote.json {
        return Ok(super::output::json(&page)?);
    }
    let files = page["files"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if files.is_empty() {
        if is_filtered || arguments.offset > 0 {
            note("no file is like that: leave a filter out, or add --status any");
            return Ok(());
        }
        note("no files yet: bring some in with `civitas files put FILE --wait`");
        return Ok(());
    }
    let rows: Vec<Vec<String>> = files
        .iter()
        .map(|file| {
            vec![
                clean(text(file, "file_id")),
                short(text(file, "ui_name"), 50),
                clean(text(file, "file_type")),
                bytes(file["file_size"].as_u64().unwrap_or_default()),
                clean(text(file, "status")),
                moment(file, "created_at"),
            ]
        })
        .collect();
    table(
        &["FILE ID", "NAME", "TYPE", "SIZE", "STATUS", "STORED"],
        &rows,
    )?;
    if page["has_more"] == true {
        let next = arguments.offset.saturating_add(arguments.limit);
        note(&format!("there are more: add --offset {next}"));
    }
    Ok(())
}

/// A file as its facts say.
async fn facts(
    client: &crate::client::Client,
    file: &str,
) -> Result<Value, super::failure::Failure> {
    client
        .run("get_file_by_id", json!({ "file_id": file }))
        .await
}
