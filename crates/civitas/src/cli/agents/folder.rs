//! A folder of agent files, read from this machine.

use std::fs::{self, File, FileType};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use civitas_governance::agent_file::{Input, decode, read};
use civitas_governance::roles::RoleBudgets;
use civitas_governance::{FILE_BYTES_MAX, FILES_MAX};
use rustix::fs::{Mode, OFlags};
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

/// What an entry of a folder is that is no folder.
enum Found {
    /// A file, or a link to one.
    File(PathBuf),
    /// Nothing that is read, for this reason.
    Other(String),
}

/// Reads a folder, hidden files left out. Links to files are followed, those to folders are not, and nothing is opened that is no
/// file. Names and ids are settled for all of it, because it may be sent in pieces.
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
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut folder = Folder {
        files: Vec::new(),
        paths: Vec::new(),
        left_out: Vec::new(),
    };
    let mut texts = Vec::new();
    for (path, file) in found {
        let loaded = match file {
            Found::File(file) => load(&path, &file),
            Found::Other(reason) => Err(("skipped", reason)),
        };
        match loaded {
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
    // For names and ids alone: the server says what agents may spend.
    let readings = read(&inputs, &RoleBudgets::default());
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
    found: &mut Vec<(String, Found)>,
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
        if name.starts_with('.') {
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
            found.push((path, look(&entry.path(), kind)));
        }
    }
    Ok(())
}

/// What an entry is, or what it is a link to.
fn look(path: &Path, kind: FileType) -> Found {
    if !kind.is_symlink() {
        if kind.is_file() {
            return Found::File(path.to_owned());
        }
        return Found::Other(format!("it is {}, and no file", odd(kind)));
    }
    match fs::metadata(path).map(|metadata| metadata.file_type()) {
        Ok(target) if target.is_file() => Found::File(path.to_owned()),
        Ok(target) if target.is_dir() => {
            let reason = "it is a link to a folder: import that folder itself";
            Found::Other(reason.to_owned())
        }
        Ok(target) => Found::Other(format!("it is a link to {}, and no file", odd(target))),
        Err(error) => Found::Other(format!("it is a link that leads to nothing: {error}")),
    }
}

fn odd(kind: FileType) -> &'static str {
    if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

/// Opens what is a file still, now that it is open: opening a pipe in its place does not wait for its other end.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no file any more"));
    }
    Ok(file)
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
    let failed = |error: io::Error| ("failed", format!("it cannot be read: {error}"));
    let mut file = open(file).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    if length > FILE_BYTES_MAX as u64 {
        let reason = format!("it has {length} bytes, and an agent's file up to {FILE_BYTES_MAX}");
        return Err(("skipped", reason));
    }
    let mut bytes = Vec::new();
    let limit = FILE_BYTES_MAX as u64;
    file.by_ref()
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    Ok(decode(&bytes))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!("{} cannot be read: {error}", path.display());
    match error.kind() {
        std::io::ErrorKind::NotFound => Failure::NotFound(message),
        _ => Failure::failed(message),
    }
}
