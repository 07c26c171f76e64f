//! `civitas backup` and `civitas restore`: a whole node in one file.
//!
//! The file is a tar archive that any system can look into: the database as lines of JSON, which restores into either
//! database; then the node's name and keys; then the content. The database comes first, as of one moment; content that comes later is
//! only more than it needs. The search index is left out, since a node builds it anew.
//!
//! A backup may be taken while a node runs: it is one more reader of the database, and content never changes once it is
//! stored.

use std::fs::{self, DirBuilder, File};
use std::io::{BufReader, Read};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use civitas_model::SystemClock;
use civitas_storage::backup::{Summary, restore as restore_database};
use civitas_storage::{Store, schema_version};
use clap::Args;
use serde_json::json;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::arguments::Data;
use super::failure::Failure;
use super::output::{self, bytes, data, note};
use crate::audit;
use crate::config::Config;
use crate::folder::{self, NODE};
use crate::node::store_options;

/// The names within the archive.
const DATABASE: &str = "database.jsonl";
// The database names the node that holds its lease; under the same name its copy gets it back at once.
const FOLDERS: [&str; 3] = ["keys", audit::FOLDER, CONTENT];
const CONTENT: &str = "blobs/objects";

/// Write a backup.
#[derive(Debug, Args)]
pub struct Backup {
    /// The file to write; readable by you only, since it holds the keys.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// What to back up.
    #[command(flatten)]
    pub data: Data,
    /// Replace the file if it is there.
    #[arg(long)]
    pub force: bool,
}

/// Make a data folder from a backup.
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The folder to make; it must be missing or empty.
    #[arg(long, value_name = "PATH")]
    pub data_dir: PathBuf,
    /// An empty PostgreSQL database to restore into, instead of SQLite in the folder; an address as for `civitas serve`.
    #[arg(
        long,
        env = "CIVITAS_DATABASE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub database_url: Option<String>,
}

/// Writes a backup.
pub(crate) async fn backup(arguments: Backup, machine: bool) -> anyhow::Result<()> {
    let (target, force) = (arguments.file, arguments.force);
    let data_dir = arguments.data.data_dir;
    if target.exists() && !force {
        let message = format!(
            "{} is there already: choose another name, or add --force",
            target.display()
        );
        return Err(Failure::failed(message).into());
    }
    if !data_dir.join("keys").is_dir() {
        let message = format!(
            "{} is no data folder of a node: name it with --data-dir",
            data_dir.display()
        );
        return Err(Failure::NotFound(message).into());
    }
    let config = Config {
        database_url: arguments.data.database_url,
        ..Config::development(data_dir.clone())
    };
    let options = store_options(&config);
    let (found, known) = schema_version(&options).await?;
    if found != known {
        // Opening the store would bring the schema up to date under a node that may be running.
        bail!(
            "the database has schema version {found}, this binary {known}: back up with the version that runs"
        );
    }
    let store = Store::open(&options, Arc::new(SystemClock)).await?;
    let folder = parent(&target);
    let dump = NamedTempFile::new_in(&folder)
        .with_context(|| format!("cannot write in {}", folder.display()))?;
    let summary = store.backup(dump.path()).await?;
    let shown = target.display().to_string();
    let size = tokio::task::spawn_blocking(move || archive(&data_dir, dump.path(), &target, force))
        .await
        .context("the backup was stopped")??;
    if machine {
        let facts = json!({ "file": shown, "bytes": size, "rows": summary.rows });
        return Ok(output::json(&facts)?);
    }
    tell(&summary, &format!("{} written", bytes(size)));
    Ok(data(&shown)?)
}

fn tell(summary: &Summary, what: &str) {
    let rows: u64 = summary.rows.values().sum();
    note(&format!(
        "{what}: {rows} rows of {} tables, the keys and the content",
        summary.rows.len()
    ));
}

fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Puts everything into one file, which appears under its name once it is whole.
fn archive(data_dir: &Path, dump: &Path, target: &Path, force: bool) -> anyhow::Result<u64> {
    let file = NamedTempFile::new_in(parent(target))?;
    let mut archive = tar::Builder::new(std::io::BufWriter::new(file.as_file()));
    archive.append_path_with_name(dump, DATABASE)?;
    archive.append_path_with_name(data_dir.join(NODE), NODE)?;
    for folder in FOLDERS {
        add(&mut archive, &data_dir.join(folder), Path::new(folder))?;
    }
    archive
        .into_inner()?
        .into_inner()
        .map_err(std::io::IntoInnerError::into_error)?
        .sync_all()?;
    let size = file.as_file().metadata()?.len();
    let persisted = if force {
        file.persist(target)
    } else {
        file.persist_noclobber(target)
    };
    persisted.with_context(|| format!("cannot write {}", target.display()))?;
    Ok(size)
}

fn add(
    archive: &mut tar::Builder<std::io::BufWriter<&File>>,
    folder: &Path,
    name: &Path,
) -> anyhow::Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", folder.display()));
        }
    };
    for entry in entries {
        let entry = entry?;
        let (path, name) = (entry.path(), name.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            add(archive, &path, &name)?;
            continue;
        }
        match File::open(&path) {
            Ok(mut file) => archive.append_file(&name, &mut file)?,
            // A file that was deleted since the folder was listed.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        }
    }
    Ok(())
}

/// Makes a data folder from a backup: all of it or nothing.
pub(crate) async fn restore(arguments: Restore, machine: bool) -> anyhow::Result<()> {
    let target = arguments.data_dir;
    let is_empty = fs::read_dir(&target).is_ok_and(|mut entries| entries.next().is_none());
    if target.exists() && !is_empty {
        let message = format!(
            "{} is not empty: choose a folder that is missing or empty",
            target.display()
        );
        return Err(Failure::failed(message).into());
    }
    let source = File::open(&arguments.file)
        .map_err(|error| Failure::NotFound(format!("{}: {error}", arguments.file.display())))?;
    fs::create_dir_all(parent(&target))?;
    let staging = tempfile::Builder::new()
        .permissions(fs::Permissions::from_mode(folder::PRIVATE))
        .tempdir_in(parent(&target))?;
    let unpacked = staging.path().to_owned();
    tokio::task::spawn_blocking(move || unpack(source, &unpacked))
        .await
        .context("the restore was stopped")??;
    let config = Config {
        database_url: arguments.database_url,
        ..Config::development(staging.path().to_owned())
    };
    let dump = staging.path().join(DATABASE);
    let summary = restore_database(&dump, &store_options(&config), Arc::new(SystemClock)).await?;
    fs::remove_file(&dump)?;
    if is_empty {
        fs::remove_dir(&target)?;
    }
    fs::rename(staging.path(), &target)
        .with_context(|| format!("cannot make {}", target.display()))?;
    // It has become the data folder.
    let _ = staging.keep();
    let shown = target.display().to_string();
    if machine {
        let facts = json!({ "data_dir": shown, "rows": summary.rows });
        return Ok(output::json(&facts)?);
    }
    tell(&summary, "restored");
    Ok(data(&shown)?)
}

/// Unpacks what a backup of ours holds, and nothing else.
fn unpack(source: File, folder: &Path) -> anyhow::Result<()> {
    let mut archive = tar::Archive::new(BufReader::new(source));
    let mut found_database = false;
    let entries = archive.entries().map_err(|_| damaged())?;
    for entry in entries {
        let mut entry = entry.map_err(|_| damaged())?;
        let name = entry.path().map_err(|_| damaged())?.into_owned();
        let is_ours = [DATABASE, NODE].iter().any(|file| name == Path::new(file))
            || FOLDERS.iter().any(|folder| name.starts_with(folder));
        let is_plain = name
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if !is_ours || !is_plain || !entry.header().entry_type().is_file() {
            return Err(damaged().into());
        }
        found_database |= name == Path::new(DATABASE);
        let path = folder.join(&name);
        DirBuilder::new()
            .recursive(true)
            .mode(folder::PRIVATE)
            .create(parent(&path))?;
        entry
            .unpack(&path)
            .with_context(|| format!("{} cannot be restored", name.display()))?;
        if name.starts_with(CONTENT) && !is_whole(&path)? {
            return Err(damaged().into());
        }
    }
    if !found_database {
        return Err(damaged().into());
    }
    Ok(())
}

/// Whether content is what its name says, the SHA-256 of it.
fn is_whole(path: &Path) -> std::io::Result<bool> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; 1 << 18];
    loop {
        let count = file.read(&mut piece)?;
        if count == 0 {
            break;
        }
        hash.update(piece.get(..count).unwrap_or_default());
    }
    let digest = data_encoding::HEXLOWER.encode(&hash.finalize());
    Ok(path
        .file_name()
        .is_some_and(|name| name.to_string_lossy() == digest))
}

fn damaged() -> Failure {
    Failure::failed("this is no backup of civitas, or a damaged one: use another copy")
}
