//! `civitas files`: bring files in, get them back, list and search them.

mod get;
mod put;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::output::{
    BOLD, DIM, bytes, clean, data, duration, moment, note, place, short, snippet, table, text,
};
use super::remote::Remote;
use get::Get;
use put::Put;

/// Bring files in, get them back, list and search them.
#[derive(Debug, Subcommand)]
pub enum Files {
    /// Upload files.
    #[command(
        after_help = "Examples:\n  civitas files put contract.pdf --wait\n  civitas files put -r reports/"
    )]
    Put(Put),
    /// Download a file, byte for byte; a download that was cut off is resumed.
    #[command(
        after_help = "Examples:\n  civitas files get 01a1fe08-eb70-785e-ab71-c00051bfe45e\n  civitas files get FILE_ID -o contract.pdf\n  civitas files get FILE_ID -o - | wc -c"
    )]
    Get(Get),
    /// List files, newest first.
    #[command(
        after_help = "Examples:\n  civitas files ls --type pdf\n  civitas files ls --json | jq -r '.files[].file_id'"
    )]
    Ls(List),
    /// Search everything that was read.
    #[command(
        after_help = "Examples:\n  civitas files search late delivery penalty\n  civitas files search '\"exact phrase\" -without begin*' --type pdf,csv"
    )]
    Search(Search),
}

/// List files.
#[derive(Debug, Args)]
pub struct List {
    /// Only of this type, such as `pdf`.
    #[arg(long = "type", value_name = "TYPE")]
    pub file_type: Option<String>,
    /// At most this many.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: u32,
    /// Skip this many.
    #[arg(long, default_value_t = 0)]
    pub offset: u32,
}

/// Search.
#[derive(Debug, Args)]
pub struct Search {
    /// Words, "phrases", -without, begin*, title:word. No text is an error.
    #[arg(required = true, value_name = "WORDS")]
    pub words: Vec<String>,
    /// Only of these types, separated by commas.
    #[arg(long = "type", value_name = "TYPES")]
    pub types: Option<String>,
    /// Only of this file.
    #[arg(long, value_name = "FILE_ID")]
    pub file: Option<String>,
    /// What comes first.
    #[arg(long, default_value = "relevance", value_parser = ["relevance", "newest"])]
    pub sort: String,
    /// At most this many hits.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub limit: u32,
}

/// Runs a command of the group.
pub(crate) async fn run(command: Files, remote: &Remote) -> anyhow::Result<()> {
    match command {
        Files::Put(arguments) => put::run(arguments, remote).await,
        Files::Get(arguments) => get::run(arguments, remote).await,
        Files::Ls(arguments) => list(arguments, remote).await,
        Files::Search(arguments) => search(arguments, remote).await,
    }
}

async fn list(arguments: List, remote: &Remote) -> anyhow::Result<()> {
    let mut parameters = Map::new();
    parameters.insert("limit".to_owned(), arguments.limit.into());
    parameters.insert("offset".to_owned(), arguments.offset.into());
    if let Some(file_type) = arguments.file_type {
        parameters.insert("file_type".to_owned(), file_type.into());
    }
    let page = remote
        .client()?
        .run("list_files", Value::Object(parameters))
        .await?;
    if remote.json {
        return Ok(super::output::json(&page)?);
    }
    let files = page["files"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if files.is_empty() {
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

async fn search(arguments: Search, remote: &Remote) -> anyhow::Result<()> {
    let words = arguments.words.join(" ");
    let mut query = vec![
        ("q", words),
        ("sort", arguments.sort),
        ("limit", arguments.limit.to_string()),
    ];
    query.extend(arguments.types.map(|types| ("kind", types)));
    query.extend(arguments.file.map(|file| ("file_id", file)));
    let found = remote
        .client()?
        .get(&["api", "content", "search"], &query)
        .await?;
    if remote.json {
        return Ok(super::output::json(&found)?);
    }
    let hits = found["hits"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    for hit in hits {
        let title = short(text(hit, "title"), 60);
        data(&format!(
            "{BOLD}{title}{BOLD:#}  {DIM}{}{DIM:#}",
            place(hit)
        ))?;
        data(&format!("  {}", snippet(hit)))?;
        data(&format!("  {DIM}{}{DIM:#}", clean(text(hit, "parent_id"))))?;
    }
    let took = std::time::Duration::from_micros(found["took_us"].as_u64().unwrap_or_default());
    let total = found["total"].as_u64().unwrap_or_default();
    note(&format!(
        "{} of {total} hits in {}",
        hits.len(),
        duration(took)
    ));
    let suggestions = found["suggestions"].as_array().into_iter().flatten();
    let suggestions: Vec<&str> = suggestions.filter_map(Value::as_str).collect();
    if !suggestions.is_empty() {
        note(&format!(
            "perhaps you mean: {}",
            clean(&suggestions.join(", "))
        ));
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
