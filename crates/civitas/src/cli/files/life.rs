//! `civitas files archive`, `restore`, `purge`, `info` and `tag`: one file's life.

use clap::Args;
use serde_json::{Map, Value, json};

use crate::cli::failure::Failure;
use crate::cli::output::{self, bytes, clean, data, moment, note, table, text};
use crate::cli::remote::Remote;

/// Files to take a step.
#[derive(Debug, Args)]
pub struct Several {
    /// The files' ids, as `civitas files ls` shows them.
    #[arg(required = true, value_name = "FILE_ID")]
    pub files: Vec<String>,
}

/// Files to take a step that is explained.
#[derive(Debug, Args)]
pub struct Explained {
    /// Which files.
    #[command(flatten)]
    pub several: Several,
    /// Why; kept with the file.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// Files whose content is to go.
#[derive(Debug, Args)]
pub struct Purge {
    /// Which files, and why.
    #[command(flatten)]
    pub explained: Explained,
    /// Say that this is meant: there is no way back.
    #[arg(long)]
    pub yes: bool,
}

/// One file.
#[derive(Debug, Args)]
pub struct Info {
    /// The file's id, as `civitas files ls` shows it.
    #[arg(value_name = "FILE_ID")]
    pub file: String,
}

/// A file and its tags.
#[derive(Debug, Args)]
pub struct Tag {
    /// The file's id, as `civitas files ls` shows it.
    #[arg(value_name = "FILE_ID")]
    pub file: String,
    /// Words to put on it.
    #[arg(required_unless_present = "remove", value_name = "TAG")]
    pub tags: Vec<String>,
    /// A word to take off it; may be repeated.
    #[arg(long, value_name = "TAG")]
    pub remove: Vec<String>,
}

pub(super) async fn archive(arguments: Explained, remote: &Remote) -> anyhow::Result<()> {
    step(
        "archive_file",
        "archived",
        &arguments.several.files,
        arguments.reason,
        remote,
    )
    .await
}

pub(super) async fn restore(arguments: Several, remote: &Remote) -> anyhow::Result<()> {
    step("restore_file", "restored", &arguments.files, None, remote).await
}

pub(super) async fn purge(arguments: Purge, remote: &Remote) -> anyhow::Result<()> {
    if !arguments.yes {
        let message = "purged content never comes back: add --yes, or set the files aside with `civitas files archive`";
        return Err(Failure::Usage(message.to_owned()).into());
    }
    let explained = arguments.explained;
    step(
        "purge_file",
        "purged",
        &explained.several.files,
        explained.reason,
        remote,
    )
    .await
}

/// Takes a step with each file; goes on after one that cannot take it, and fails in the end.
async fn step(
    intent: &str,
    done: &str,
    files: &[String],
    reason: Option<String>,
    remote: &Remote,
) -> anyhow::Result<()> {
    let client = remote.client()?;
    let mut answers = Vec::new();
    let mut failures = Vec::new();
    for file in files {
        let mut parameters = Map::new();
        parameters.insert("file_id".to_owned(), file.as_str().into());
        if let Some(reason) = &reason {
            parameters.insert("reason".to_owned(), reason.as_str().into());
        }
        if intent == "purge_file" {
            parameters.insert("confirm".to_owned(), true.into());
        }
        match client.run(intent, Value::Object(parameters)).await {
            Ok(answer) => {
                if !remote.json {
                    data(&format!(
                        "{done} {}  {}",
                        clean(file),
                        clean(text(&answer, "ui_name"))
                    ))?;
                }
                answers.push(answer);
            }
            Err(failure @ Failure::Unreachable { .. }) => return Err(failure.into()),
            Err(failure) => {
                answers.push(json!({ "file_id": file, "error": failure.to_string() }));
                failures.push(failure);
            }
        }
    }
    if remote.json {
        output::json(&json!({ "files": answers }))?;
    }
    let count = failures.len();
    match failures.into_iter().next() {
        None => Ok(()),
        Some(failure) if files.len() == 1 => Err(failure.into()),
        Some(failure) => Err(Failure::failed(format!(
            "{count} of {} files were not {done}; the first: {failure}",
            files.len()
        ))
        .into()),
    }
}

pub(super) async fn info(arguments: Info, remote: &Remote) -> anyhow::Result<()> {
    let parameters = json!({ "file_id": arguments.file });
    let known = remote
        .client()?
        .run("retrieve_file_metadata", parameters)
        .await?;
    if remote.json {
        return Ok(output::json(&known)?);
    }
    let list = |name: &str| {
        let all = known[name].as_array().into_iter().flatten();
        let all: Vec<&str> = all.filter_map(Value::as_str).collect();
        clean(&all.join(", "))
    };
    let size = known["file_size"].as_u64().unwrap_or_default();
    let rows = [
        ("file", clean(text(&known, "file_id"))),
        ("name", clean(text(&known, "ui_name"))),
        (
            "type",
            format!(
                "{} ({})",
                clean(text(&known, "file_type")),
                clean(text(&known, "mime_type"))
            ),
        ),
        ("size", format!("{} ({size} bytes)", bytes(size))),
        ("sha-256", clean(text(&known, "file_hash"))),
        ("status", clean(text(&known, "status"))),
        ("stored", moment(&known, "created_at")),
        ("changed", moment(&known, "updated_at")),
        ("tags", list("tags")),
        ("made by", clean(text(&known["produced_by"], "intent"))),
        ("made from", list("derived_from")),
        (
            "read as",
            clean(known["parsed_file_id"].as_str().unwrap_or("not read yet")),
        ),
        (
            "contradiction",
            clean(known["type_contradiction"].as_str().unwrap_or_default()),
        ),
    ];
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect();
    Ok(table(&["WHAT", "VALUE"], &rows)?)
}

pub(super) async fn tag(arguments: Tag, remote: &Remote) -> anyhow::Result<()> {
    let client = remote.client()?;
    let known = super::facts(&client, &arguments.file).await?;
    let removed: Vec<String> = arguments
        .remove
        .iter()
        .map(|tag| tag.to_lowercase())
        .collect();
    let old = known["tags"].as_array().into_iter().flatten();
    let mut tags: Vec<&str> = old
        .filter_map(Value::as_str)
        .filter(|tag| !removed.contains(&tag.to_lowercase()))
        .collect();
    tags.extend(arguments.tags.iter().map(String::as_str));
    let change = json!({ "file_id": arguments.file, "metadata_updates": { "tags": tags } });
    let updated = client.run("update_file_metadata", change).await?;
    if remote.json {
        return Ok(output::json(&updated)?);
    }
    let tags = updated["tags"].as_array().into_iter().flatten();
    let tags: Vec<&str> = tags.filter_map(Value::as_str).collect();
    note(&format!(
        "{} has the tags: {}",
        clean(text(&updated, "ui_name")),
        if tags.is_empty() {
            "none".to_owned()
        } else {
            clean(&tags.join(", "))
        }
    ));
    Ok(())
}
