//! A folder of policies on this machine.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use civitas_governance::policies::{Draft, TABLES_FILE};
use civitas_storage::{POLICY_BYTES_MAX, PolicyText};
use serde_json::{Value, json};

use crate::cli::failure::Failure;
use crate::cli::output::text;

/// How deep folders may lie in each other, and how many files they may hold.
const DEPTH_MAX: usize = 8;
const FILES_MAX: usize = 1_000;
/// Says from which version a folder was made.
const MARK: &str = ".policy-version";

/// Reads a folder: `tables.toml`, `*.cedar` and `*test.toml`, hidden files and links left out.
pub(super) async fn read(folder: PathBuf) -> anyhow::Result<Draft> {
    let reading = tokio::task::spawn_blocking(move || read_now(&folder));
    Ok(reading.await.context("reading the folder was stopped")??)
}

fn read_now(root: &Path) -> Result<Draft, Failure> {
    if !root.is_dir() {
        let message = format!(
            "{} is no folder: name the folder of the policies, or `civitas policy pull` makes one",
            root.display()
        );
        return Err(Failure::NotFound(message));
    }
    let mut names = Vec::new();
    walk(root, "", 0, &mut names)?;
    names.sort();
    let mut draft = Draft::default();
    let mut bytes = 0;
    for name in names {
        let path = root.join(&name);
        let length = fs::metadata(&path)
            .map_err(|error| unreadable(&path, &error))?
            .len();
        bytes += usize::try_from(length).unwrap_or(usize::MAX);
        if bytes > POLICY_BYTES_MAX {
            let message = format!(
                "the files of {} have more than {POLICY_BYTES_MAX} bytes together",
                root.display()
            );
            return Err(Failure::Failed(message));
        }
        let text = fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
        if name == TABLES_FILE {
            draft.tables = Some(text);
        } else if is_source(&name) {
            draft.sources.push(PolicyText { name, text });
        } else {
            draft.tests.push(PolicyText { name, text });
        }
    }
    if draft == Draft::default() {
        let message = format!(
            "{} holds none of tables.toml, *.cedar and *.test.toml",
            root.display()
        );
        return Err(Failure::NotFound(message));
    }
    Ok(draft)
}

fn walk(folder: &Path, prefix: &str, depth: usize, names: &mut Vec<String>) -> Result<(), Failure> {
    let entries = fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| unreadable(folder, &error))?;
        let kind = entry
            .file_type()
            .map_err(|error| unreadable(folder, &error))?;
        let own = entry.file_name().to_string_lossy().into_owned();
        if own.starts_with('.') {
            continue;
        }
        let name = format!("{prefix}{own}");
        if kind.is_dir() && depth < DEPTH_MAX {
            walk(&entry.path(), &format!("{name}/"), depth + 1, names)?;
        } else if kind.is_file() && is_ours(&name) {
            names.push(name);
        }
        if names.len() > FILES_MAX {
            let message = format!("{} holds more than {FILES_MAX} files", folder.display());
            return Err(Failure::Failed(message));
        }
    }
    Ok(())
}

fn is_ours(name: &str) -> bool {
    name == TABLES_FILE || is_source(name) || name.ends_with("test.toml")
}

/// Names are compared as the server compares them, letter by letter.
fn is_source(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| extension == "cedar")
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("{} cannot be read: {error}", path.display()))
}

/// The files of a draft as the API takes them.
pub(super) fn body(draft: &Draft) -> Value {
    json!({ "tables": draft.tables, "sources": draft.sources, "tests": draft.tests })
}

/// The version from which a folder was made, if it knows.
pub(super) fn base(folder: &Path) -> Option<u64> {
    let mark = fs::read_to_string(folder.join(MARK)).ok()?;
    mark.trim().parse().ok()
}

/// Notes from which version a folder was made.
pub(super) fn mark(folder: &Path, version: u64) -> anyhow::Result<()> {
    let path = folder.join(MARK);
    fs::write(&path, format!("{version}\n"))
        .with_context(|| format!("{} cannot be written", path.display()))
}

/// Names and texts of a version as the API answers it, or of a draft in the same shape.
pub(super) fn files(version: &Value) -> Vec<(String, String)> {
    let mut files = vec![(TABLES_FILE.to_owned(), text(version, "tables").to_owned())];
    for member in ["sources", "tests"] {
        let texts = version[member].as_array().into_iter().flatten();
        files.extend(
            texts.map(|file| (text(file, "name").to_owned(), text(file, "text").to_owned())),
        );
    }
    files
}

/// Writes files into a folder; those that differ only when `force` says so. Answers the names of what was written.
pub(super) fn write(
    folder: &Path,
    files: &[(String, String)],
    force: bool,
) -> anyhow::Result<Vec<String>> {
    let mut differing = Vec::new();
    let mut wanted = Vec::new();
    for (name, text) in files {
        // The server's word is not enough to write outside the folder.
        let is_safe = is_ours(name)
            && !name.starts_with('/')
            && !name.split('/').any(|part| part.starts_with('.'));
        if !is_safe {
            return Err(Failure::failed(format!(
                "the server names a file `{name}`, which is no policy's"
            ))
            .into());
        }
        match fs::read_to_string(folder.join(name)) {
            Ok(there) if there == *text => {}
            Ok(_) if !force => differing.push(name.clone()),
            _ => wanted.push((name, text)),
        }
    }
    if !differing.is_empty() {
        let message = format!(
            "{} differ in {}: look with `civitas policy diff`, and add --force to write over them",
            differing.join(", "),
            folder.display()
        );
        return Err(Failure::Failed(message).into());
    }
    let mut written = Vec::new();
    for (name, text) in wanted {
        let path = folder.join(name);
        let failed = || format!("{} cannot be written", path.display());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(failed)?;
        }
        fs::write(&path, text).with_context(failed)?;
        written.push(name.clone());
    }
    Ok(written)
}
