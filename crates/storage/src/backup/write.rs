//! Writing a backup.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use civitas_sql::{Error, Piece};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::format::{Footer, Header, TableLine, hex, row_to_json};
use super::{BackupError, Summary};
use crate::migrate;

/// Writes the pieces to a file beside `target`, and gives it its name once it is complete and on disk.
pub(super) fn write(
    target: &Path,
    header: &Header,
    pieces: mpsc::Receiver<Result<Piece, Error>>,
) -> Result<Summary, BackupError> {
    let partial = partial_name(target);
    let failed = |source| BackupError::File {
        path: target.to_owned(),
        source,
    };
    let file = create(&partial).map_err(failed)?;
    let written = write_lines(file, header, pieces).and_then(|summary| {
        std::fs::rename(&partial, target)?;
        sync_folder(target)?;
        Ok(summary)
    });
    match written {
        Ok(summary) => Ok(summary),
        Err(error) => {
            // What is left of it is of no use; that it cannot be removed is not the failure to tell of.
            let _ = std::fs::remove_file(&partial);
            Err(match error {
                Failure::Database(error) => BackupError::Database(error),
                Failure::File(error) => failed(error),
            })
        }
    }
}

enum Failure {
    Database(Error),
    File(std::io::Error),
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::File(error)
    }
}

fn write_lines(
    file: File,
    header: &Header,
    mut pieces: mpsc::Receiver<Result<Piece, Error>>,
) -> Result<Summary, Failure> {
    let mut lines = Lines {
        file: BufWriter::with_capacity(1 << 18, file),
        digest: Sha256::new(),
    };
    lines.write(header)?;
    let mut rows = BTreeMap::new();
    let mut current = None;
    while let Some(piece) = pieces.blocking_recv() {
        match piece.map_err(Failure::Database)? {
            // A new database has its own.
            Piece::Table(table) if table.name == migrate::TABLE => current = None,
            Piece::Table(table) => {
                lines.write(&TableLine {
                    table: table.name.clone(),
                    columns: table.columns,
                })?;
                rows.insert(table.name.clone(), 0_u64);
                current = Some(table.name);
            }
            Piece::Rows(batch) => {
                let Some(count) = current.as_ref().and_then(|name| rows.get_mut(name)) else {
                    continue;
                };
                for row in &batch {
                    lines.write(&row_to_json(row))?;
                }
                *count += batch.len() as u64;
            }
        }
    }
    let sha256 = hex(&lines.digest.clone().finalize());
    lines.write(&Footer {
        rows: rows.clone(),
        sha256,
    })?;
    lines.file.flush()?;
    lines.file.get_ref().sync_all()?;
    Ok(Summary {
        schema_version: header.schema_version,
        rows,
    })
}

struct Lines {
    file: BufWriter<File>,
    digest: Sha256,
}

impl Lines {
    fn write(&mut self, line: &impl Serialize) -> Result<(), std::io::Error> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.digest.update(&text);
        self.file.write_all(&text)
    }
}

/// The name of a file that is not complete yet.
fn partial_name(target: &Path) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

/// A backup holds what only its owner may read.
fn create(path: &Path) -> Result<File, std::io::Error> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes the new name itself survive a power cut.
fn sync_folder(target: &Path) -> Result<(), std::io::Error> {
    let folder = target
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
