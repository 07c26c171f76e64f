//! `civitas files put`: files in.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use futures::{StreamExt, stream};
use serde_json::{Value, json};

use super::known;
use crate::cli::failure::Failure;
use crate::cli::intake::{Depth, Document, Stage, Understood, understand, wait_for_search};
use crate::cli::output::{self, BAD, clean, note, table, text};
use crate::cli::remote::Remote;

/// Files that are on their way at the same time: what several commit at once shares one wait for the disk.
const AT_ONCE: usize = 12;
/// Files of one command, and how deep folders may lie in each other.
const FILES_MAX: usize = 100_000;
const DEPTH_MAX: usize = 64;
/// Failures that are shown one by one.
const FAILURES_SHOWN: usize = 50;

/// Upload files.
#[derive(Debug, Args)]
pub struct Put {
    /// The files; folders with --recursive.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Take in the files of folders too, hidden ones and links left out.
    #[arg(short, long)]
    pub recursive: bool,
    /// Upload files of folders although the server has their content already; otherwise they are gone by.
    #[arg(long, requires = "recursive")]
    pub again: bool,
    /// Keep and read each file, and wait until that is done and search finds it.
    #[arg(short, long)]
    pub wait: bool,
}

pub(super) async fn run(arguments: Put, remote: &Remote) -> anyhow::Result<()> {
    let client = remote.client()?;
    let (files, recursive) = (arguments.files, arguments.recursive);
    let collected = tokio::task::spawn_blocking(move || collect(&files, recursive))
        .await
        .context("reading the folders was stopped")??;
    let Collected {
        mut documents,
        mut failures,
    } = collected;
    // Fails once, before anything moves, rather than once per file.
    client.health().await?;
    if recursive && !arguments.again {
        known::note(&client, &mut documents).await?;
    }
    let depth = if arguments.wait {
        Depth::Read
    } else {
        Depth::Stored
    };
    let width = documents
        .iter()
        .map(|document| document.name.chars().count())
        .max();
    let stage = Stage::new(width.unwrap_or_default(), documents.len());
    let done: Vec<Understood> = stream::iter(documents)
        .map(|document| understand(&client, &stage, depth, document))
        .buffered(AT_ONCE)
        .collect()
        .await;
    stage.clear();
    let searchable = if depth == Depth::Read && done.iter().any(|one| one.outcome.is_ok()) {
        wait_for_search(&client).await
    } else {
        Ok(())
    };
    let summary = Summary::of(&done, failures.len());
    if remote.json {
        let unread = failures
            .iter()
            .map(|(name, failure)| json!({ "name": name, "error": failure.to_string() }));
        let files: Vec<Value> = done.iter().map(Understood::to_json).chain(unread).collect();
        output::json(&json!({ "files": files, "summary": summary.to_json() }))?;
    } else {
        show(&done)?;
    }
    failures.extend(
        done.into_iter()
            .filter_map(|one| one.outcome.err().map(|failure| (one.name, failure))),
    );
    tell(&failures);
    if recursive {
        note(&summary.to_string());
    }
    match failures.into_iter().next() {
        None => Ok(searchable?),
        Some((_, failure)) if summary.total() == 1 => Err(failure.into()),
        Some(_) => Err(Failure::failed(format!(
            "{} of {} files failed: put them again once that is mended",
            summary.failed,
            summary.total()
        ))
        .into()),
    }
}

/// Says what failed, the first of many.
fn tell(failures: &[(String, Failure)]) {
    for (name, failure) in failures.iter().take(FAILURES_SHOWN) {
        note(&format!(
            "{BAD}failed{BAD:#} {}: {}",
            clean(name),
            clean(&failure.to_string())
        ));
    }
    if failures.len() > FAILURES_SHOWN {
        let more = failures.len() - FAILURES_SHOWN;
        note(&format!("and {more} more failed: --json lists them all"));
    }
}

/// What became of all files.
struct Summary {
    stored: usize,
    there: usize,
    failed: usize,
}

impl Summary {
    fn of(done: &[Understood], unread: usize) -> Self {
        let count = |is: fn(&Understood) -> bool| done.iter().filter(|one| is(one)).count();
        let there = count(|one| one.outcome.as_ref().is_ok_and(|reading| reading.was_there));
        Self {
            stored: count(|one| one.outcome.is_ok()) - there,
            there,
            failed: count(|one| one.outcome.is_err()) + unread,
        }
    }

    const fn total(&self) -> usize {
        self.stored + self.there + self.failed
    }

    fn to_json(&self) -> Value {
        json!({
            "total": self.total(),
            "stored": self.stored,
            "there_already": self.there,
            "failed": self.failed,
        })
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} files: {} put, {} there already, {} failed",
            self.total(),
            self.stored,
            self.there,
            self.failed
        )
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
                clean(match reading.facts["summary"].as_str() {
                    Some(summary) => summary,
                    None if reading.was_there => "there already",
                    None => "stored",
                }),
            ])
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    table(&["FILE ID", "NAME", "TYPE", "SIZE", "WHAT"], &rows)
}

/// Files to put, and what cannot be looked at within folders.
#[derive(Default)]
struct Collected {
    documents: Vec<Document>,
    failures: Vec<(String, Failure)>,
}

/// The files that were named, and those in the folders that were named.
fn collect(paths: &[PathBuf], recursive: bool) -> Result<Collected, Failure> {
    let mut collected = Collected::default();
    for path in paths {
        if path.is_dir() {
            if !recursive {
                let message = format!(
                    "{} is a folder: add -r to take in its files",
                    path.display()
                );
                return Err(Failure::Usage(message));
            }
            collected.walk(path, 0)?;
        } else {
            collected.documents.push(Document::at(path)?);
        }
    }
    if collected.documents.is_empty() && collected.failures.is_empty() {
        return Err(Failure::NotFound(
            "there is no file in what was named".to_owned(),
        ));
    }
    Ok(collected)
}

impl Collected {
    /// Adds the files of a folder. What cannot be looked at is noted; the rest is taken all the same.
    fn walk(&mut self, folder: &Path, depth: usize) -> Result<(), Failure> {
        let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                self.fail(folder, &error);
                return Ok(());
            }
        };
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth < DEPTH_MAX => self.walk(&path, depth + 1)?,
                Ok(kind) if kind.is_file() => match Document::at(&path) {
                    Ok(document) => self.documents.push(document),
                    Err(failure) => self.failures.push((path.display().to_string(), failure)),
                },
                Ok(_) => {}
                Err(error) => self.fail(&path, &error),
            }
            if self.documents.len() > FILES_MAX {
                let message = format!(
                    "these are more than {FILES_MAX} files: put one folder after the other"
                );
                return Err(Failure::Usage(message));
            }
        }
        Ok(())
    }

    fn fail(&mut self, path: &Path, error: &std::io::Error) {
        let failure = Failure::failed(format!("it cannot be read: {error}"));
        self.failures.push((path.display().to_string(), failure));
    }
}
