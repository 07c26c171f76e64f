//! What an installation did, so that it can be taken back: one record and one backup per settings file.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::edit::Edit;
use super::place;
use crate::cli::failure::Failure;
use crate::cli::replace::replace;

/// Records and backups are the user's own: they hold a token, and what settings held.
const PRIVATE_FILE: u32 = 0o600;
const PRIVATE_FOLDER: u32 = 0o700;

/// What an installation did.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    /// The settings file.
    pub(super) settings: PathBuf,
    /// The server that the token is for.
    pub(super) server: String,
    /// The token's id, to revoke it.
    pub(super) token_id: String,
    /// The token.
    pub(super) token: String,
    /// What the token is called; earlier versions did not say.
    #[serde(default)]
    pub(super) token_name: String,
    /// Whether there was a settings file before.
    pub(super) existed: bool,
    /// Who could read and write it.
    pub(super) mode: Option<u32>,
    /// The digest of what was written: while the file has it, nobody else changed it.
    pub(super) sha256: String,
    /// What was changed.
    pub(super) edits: Vec<Edit>,
}

/// Where the record and the backup of a settings file lie.
pub(super) struct Shelf {
    pub(super) record: PathBuf,
    pub(super) backup: PathBuf,
}

impl Shelf {
    pub(super) fn of(settings: &Path) -> Result<Self, Failure> {
        let folder = place::records()?;
        let name = &digest(settings.as_os_str().as_encoded_bytes())[..16];
        Ok(Self {
            record: folder.join(format!("{name}.json")),
            backup: folder.join(format!("{name}.before")),
        })
    }

    /// The record, if there is one.
    pub(super) fn load(&self) -> anyhow::Result<Option<Record>> {
        let path = self.record.display();
        match fs::read(&self.record) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {path}")),
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).with_context(|| {
                format!("{path} is damaged: remove it, and the installation is taken for one without a record")
            }),
        }
    }

    /// What the settings file held before.
    pub(super) fn before(&self, record: &Record) -> anyhow::Result<Option<Vec<u8>>> {
        if !record.existed {
            return Ok(None);
        }
        let read = fs::read(&self.backup);
        read.map(Some)
            .with_context(|| format!("the backup {} cannot be read", self.backup.display()))
    }

    pub(super) fn keep(&self, record: &Record, before: Option<&[u8]>) -> anyhow::Result<()> {
        if let Some(folder) = self.record.parent() {
            let mut builder = fs::DirBuilder::new();
            let made = builder.recursive(true).mode(PRIVATE_FOLDER).create(folder);
            made.with_context(|| format!("cannot create {}", folder.display()))?;
        }
        if let Some(before) = before {
            replace(&self.backup, before, PRIVATE_FILE)?;
        }
        replace(
            &self.record,
            &serde_json::to_vec_pretty(record)?,
            PRIVATE_FILE,
        )
    }

    /// Forgets the installation; the backup only where nobody needs it any more.
    pub(super) fn forget(&self, backup_too: bool) {
        // What is gone already need not be removed.
        drop(fs::remove_file(&self.record));
        if backup_too {
            drop(fs::remove_file(&self.backup));
        }
    }
}

pub(super) fn digest(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}
