//! A folder of agent files, read from this machine.

use std::fs;
use std::path::{Path, PathBuf};

use civitas_governance::agent_file::{Input, decode, read};
use civitas_governance::{FILE_BYTES_MAX, FILES_MAX};
use serde_json::{Value, json};

use crate::cli::failure::Failure;

/// How deep folders may lie in each other.
const DEPTH_MAX: usize = 32;

/// What is in a folder.
pub(super) struct Folder {
    /// The files to send, in the order of their paths.
    pub(super) files: Vec<Value>,
    /// Their paths.
    pub(super) paths: Vec<String>,
    /// What is not sent, as the server would answer it.
    pub(super) left_out: Vec<Value>,
}

/// Reads a folder, hidden files and links left out. Names and ids are settled for all of it, because it may be sent in pieces.
pub(super) fn collect(root: &Path) -> Result<Folder, Failure> {
    let metadata = fs::metadata(root).map_err(|error| unreadable(root, &error))?;
    if !metadata.is_dir() {
        let message = format!(
            "{} is no folder: name the folder of the files",
            root.display()
        );
        return Err(Failure::Usage(message));
    }
    let mut found = Vec::new();
    walk(root, "", 0, &mut found)?;
    found.sort();
    let mut folder = Folder {
        files: Vec::new(),
        paths: Vec::new(),
        left_out: Vec::new(),
    };
    let mut texts = Vec::new();
    for (path, file) in found {
        match load(&path, &file) {
            Ok(text) => {
                folder.paths.push(path);
                texts.push(text);
            }
            Err((action, reason)) => folder.left_out.push(json!({
                "path": path, "outcome": "skipped", "action": action, "repairs": [], "changes": [], "reason": reason,
            })),
        }
    }
    let inputs: Vec<Input<'_>> = folder
        .paths
        .iter()
        .zip(&texts)
        .map(|(path, text)| Input {
            path,
            text,
            name: None,
            ignores_id: false,
        })
        .collect();
    let readings = read(&inputs);
    let settled = readings.iter().map(|reading| {
        let definition = reading.outcome.definition();
        definition.map(|one| (one.name.clone(), one.shares_id))
    });
    folder.files = folder
        .paths
        .iter()
        .zip(&texts)
        .zip(settled)
        .map(|((path, text), settled)| match settled {
            Some((name, shares_id)) => {
                json!({ "path": path, "text": text, "name": name, "ignore_agent_id": shares_id })
            }
            None => json!({ "path": path, "text": text }),
        })
        .collect();
    Ok(folder)
}

fn walk(
    root: &Path,
    below: &str,
    depth: usize,
    found: &mut Vec<(String, PathBuf)>,
) -> Result<(), Failure> {
    if depth > DEPTH_MAX {
        let message = format!("folders lie in each other more than {DEPTH_MAX} deep: {below}");
        return Err(Failure::failed(message));
    }
    for entry in fs::read_dir(root).map_err(|error| unreadable(root, &error))? {
        let entry = entry.map_err(|error| unreadable(root, &error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry
            .file_type()
            .map_err(|error| unreadable(&entry.path(), &error))?;
        if name.starts_with('.') || kind.is_symlink() {
            continue;
        }
        let path = if below.is_empty() {
            name
        } else {
            format!("{below}/{name}")
        };
        if kind.is_dir() {
            walk(&entry.path(), &path, depth + 1, found)?;
        } else if found.len() >= FILES_MAX {
            let message =
                format!("the folder holds more than {FILES_MAX} files: name a part of it");
            return Err(Failure::failed(message));
        } else {
            found.push((path, entry.path()));
        }
    }
    Ok(())
}

/// A file's text, or what is said of it instead.
fn load(path: &str, file: &Path) -> Result<String, (&'static str, String)> {
    let lower = path.to_lowercase();
    let is_markdown = [".md", ".markdown"]
        .iter()
        .any(|ending| lower.ends_with(ending));
    if !is_markdown {
        return Err(("skipped", "it is not a Markdown file".to_owned()));
    }
    let failed = |error: std::io::Error| ("failed", format!("it cannot be read: {error}"));
    let length = fs::metadata(file).map_err(failed)?.len();
    if length > FILE_BYTES_MAX as u64 {
        let reason = format!("it has {length} bytes, and an agent's file up to {FILE_BYTES_MAX}");
        return Err(("skipped", reason));
    }
    Ok(decode(&fs::read(file).map_err(failed)?))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!("{} cannot be read: {error}", path.display());
    match error.kind() {
        std::io::ErrorKind::NotFound => Failure::NotFound(message),
        _ => Failure::failed(message),
    }
}
