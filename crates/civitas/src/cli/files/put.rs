//! `civitas files put`: files in.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use futures::{StreamExt, stream};
use serde_json::{Value, json};

use crate::cli::failure::Failure;
use crate::cli::intake::{Depth, Document, Stage, Understood, understand};
use crate::cli::output::{self, BAD, clean, note, table, text};
use crate::cli::remote::Remote;

/// Files that are on their way at the same time.
const AT_ONCE: usize = 4;
/// Files of one command, and how deep folders may lie in each other.
const FILES_MAX: usize = 100_000;
const DEPTH_MAX: usize = 64;

/// Upload files.
#[derive(Debug, Args)]
pub struct Put {
    /// The files; folders with --recursive.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Take in the files of folders too, hidden ones and links left out.
    #[arg(short, long)]
    pub recursive: bool,
    /// Keep and read each file, and wait until that is done, so that search finds it.
    #[arg(short, long)]
    pub wait: bool,
}

pub(super) async fn run(arguments: Put, remote: &Remote) -> anyhow::Result<()> {
    let client = remote.client()?;
    let (files, recursive) = (arguments.files, arguments.recursive);
    let documents = tokio::task::spawn_blocking(move || collect(&files, recursive))
        .await
        .context("reading the folders was stopped")??;
    // Fails once, before anything moves, rather than once per file.
    client.health().await?;
    let depth = if arguments.wait {
        Depth::Read
    } else {
        Depth::Stored
    };
    let width = documents
        .iter()
        .map(|document| document.name.chars().count())
        .max();
    let stage = Stage::new(width.unwrap_or_default());
    let done: Vec<Understood> = stream::iter(documents)
        .map(|document| understand(&client, &stage, depth, document))
        .buffered(AT_ONCE)
        .collect()
        .await;
    stage.clear();
    if remote.json {
        output::json(&json!({ "files": done.iter().map(to_json).collect::<Vec<_>>() }))?;
    } else {
        show(&done)?;
    }
    let total = done.len();
    let failures: Vec<_> = done
        .into_iter()
        .filter_map(|one| one.outcome.err().map(|failure| (one.name, failure)))
        .collect();
    for (name, failure) in &failures {
        note(&format!(
            "{BAD}failed{BAD:#} {}: {}",
            clean(name),
            clean(&failure.to_string())
        ));
    }
    let count = failures.len();
    match failures.into_iter().next() {
        None => Ok(()),
        Some((_, failure)) if total == 1 => Err(failure.into()),
        Some(_) => Err(Failure::failed(format!(
            "{count} of {total} files failed: put them again once that is mended"
        ))
        .into()),
    }
}

fn show(done: &[Understood]) -> std::io::Result<()> {
    let rows: Vec<Vec<String>> = done
        .iter()
        .filter_map(|one| {
            let reading = one.outcome.as_ref().ok()?;
            Some(vec![
                reading.file_id.clone(),
                clean(&one.name),
                clean(text(&reading.file, "file_type")),
                output::bytes(one.size),
                clean(reading.facts["summary"].as_str().unwrap_or("stored")),
            ])
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    table(&["FILE ID", "NAME", "TYPE", "SIZE", "WHAT"], &rows)
}

fn to_json(one: &Understood) -> Value {
    match &one.outcome {
        Ok(reading) => json!({
            "name": one.name,
            "file_id": reading.file_id,
            "execution_id": reading.execution_id,
            "file": reading.file,
            "parsed_content": reading.facts,
        }),
        Err(failure) => json!({ "name": one.name, "error": failure.to_string() }),
    }
}

/// The files that were named, and those in the folders that were named.
fn collect(paths: &[PathBuf], recursive: bool) -> Result<Vec<Document>, Failure> {
    let mut documents = Vec::new();
    for path in paths {
        if path.is_dir() {
            if !recursive {
                let message = format!(
                    "{} is a folder: add -r to take in its files",
                    path.display()
                );
                return Err(Failure::Usage(message));
            }
            walk(path, 0, &mut documents)?;
        } else {
            documents.push(Document::at(path)?);
        }
    }
    if documents.is_empty() {
        return Err(Failure::NotFound(
            "there is no file in what was named".to_owned(),
        ));
    }
    Ok(documents)
}

fn walk(folder: &Path, depth: usize, documents: &mut Vec<Document>) -> Result<(), Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::failed(format!("{} cannot be read: {error}", folder.display()))
    };
    let entries = std::fs::read_dir(folder).map_err(unreadable)?;
    let mut entries = entries.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type().map_err(unreadable)?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if kind.is_dir() && depth < DEPTH_MAX {
            walk(&entry.path(), depth + 1, documents)?;
        } else if kind.is_file() {
            documents.push(Document::at(&entry.path())?);
        }
        if documents.len() > FILES_MAX {
            let message =
                format!("these are more than {FILES_MAX} files: put one folder after the other");
            return Err(Failure::Usage(message));
        }
    }
    Ok(())
}
