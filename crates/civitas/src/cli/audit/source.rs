//! Where a log is read from: a database, which is not touched, or an export.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::Context;
use civitas_audit::{ExportedCheckpoint, ExportedEntry, Stored};
use civitas_model::{Id, TenantId};
use civitas_storage::{AuditLog, StoreOptions};
use serde_json::Value;

use super::command::Place;
use crate::audit::checkpoints;
use crate::cli::failure::Failure;
use crate::config::Config;
use crate::node::store_options;

/// Entries, checkpoints or tenants read at a time.
const PAGE: u32 = 1000;
/// The longest line of an export, in bytes: an entry with the largest body, escaped once more.
const LINE_BYTES_MAX: usize = 4 << 20;

/// A place that logs are read from.
pub(super) enum Source {
    /// A database.
    Database(AuditLog),
    /// An export.
    Export(PathBuf),
}

/// Checkpoints by tenant.
pub(super) type Checkpoints = BTreeMap<TenantId, Vec<ExportedCheckpoint>>;

impl Source {
    pub(super) async fn open(place: &Place) -> anyhow::Result<Self> {
        if let Some(export) = &place.export {
            return Ok(Self::Export(export.clone()));
        }
        let options = match &place.database {
            Some(file) => StoreOptions::Sqlite { path: file.clone() },
            None => store_options(&Config {
                database_url: place.data.database_url.clone(),
                ..Config::development(place.data.data_dir.clone())
            }),
        };
        if let StoreOptions::Sqlite { path } = &options
            && !path.is_file()
        {
            let message = format!(
                "there is no database {}: name a data folder with --data-dir, a copy of a database with --database, or an export with --export",
                path.display()
            );
            return Err(Failure::NotFound(message).into());
        }
        Ok(Self::Database(AuditLog::open(&options).await?))
    }

    /// The tenants that have a log here, and the checkpoints that lie with it.
    pub(super) async fn survey(&self) -> anyhow::Result<(BTreeSet<TenantId>, Checkpoints)> {
        let (mut tenants, mut kept) = (BTreeSet::new(), Checkpoints::new());
        match self {
            Self::Database(log) => {
                let mut after = String::new();
                loop {
                    let page = log.audit().tenants(&after, PAGE).await?;
                    let Some(last) = page.last() else { break };
                    after = last.to_string();
                    tenants.extend(page);
                }
                // Whoever takes away where a log goes on does not take it out of sight.
                after.clear();
                loop {
                    let page = log.audit().tenants_with_entries(&after, PAGE).await?;
                    let Some(last) = page.last() else { break };
                    after = last.to_string();
                    tenants.extend(page);
                }
                for tenant in &tenants {
                    kept.insert(tenant.clone(), checkpoints_of(log, tenant).await?);
                }
            }
            Self::Export(path) => each_line(path, |line| {
                match line {
                    Line::Entry(entry) => {
                        tenants.insert(entry.entry.tenant_id);
                    }
                    Line::Checkpoint(found) => {
                        kept.entry(found.tenant.clone()).or_default().push(found);
                    }
                }
                Ok(())
            })?,
        }
        Ok((tenants, kept))
    }

    /// Gives every entry of a tenant's log, in the order it is kept.
    pub(super) async fn each(
        &self,
        tenant: &TenantId,
        mut take: impl FnMut(&Stored) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        match self {
            Self::Database(log) => {
                let mut after = 0;
                loop {
                    let page = log.audit().page_after(tenant, after, PAGE).await?;
                    for stored in &page {
                        take(stored)?;
                        after = stored.entry.seq;
                    }
                    if page.is_empty() {
                        return Ok(());
                    }
                }
            }
            Self::Export(path) => each_line(path, |line| match line {
                Line::Entry(entry) if entry.entry.tenant_id == *tenant => {
                    take(&Stored::try_from(*entry)?)
                }
                _ => Ok(()),
            }),
        }
    }
}

async fn checkpoints_of(
    log: &AuditLog,
    tenant: &TenantId,
) -> anyhow::Result<Vec<ExportedCheckpoint>> {
    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let page = log.audit().checkpoints(tenant, after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(found);
        };
        after = last.size;
        found.extend(page.into_iter().map(|kept| ExportedCheckpoint {
            tenant: kept.tenant_id,
            size: kept.size,
            time: kept.created_at,
            note: kept.note,
        }));
    }
}

/// Adds the checkpoints of files.
pub(super) fn add_files(kept: &mut Checkpoints, files: &[PathBuf]) -> anyhow::Result<()> {
    for file in files {
        for found in checkpoints::read(file)? {
            kept.entry(found.tenant.clone()).or_default().push(found);
        }
    }
    Ok(())
}

enum Line {
    Entry(Box<ExportedEntry>),
    Checkpoint(ExportedCheckpoint),
}

fn each_line(path: &Path, mut take: impl FnMut(Line) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let file = File::open(path)
        .map_err(|error| Failure::NotFound(format!("{}: {error}", path.display())))?;
    let mut reader = BufReader::new(file);
    for number in 1_u64.. {
        let mut bytes = Vec::new();
        let most = LINE_BYTES_MAX as u64 + 1;
        std::io::Read::take(&mut reader, most).read_until(b'\n', &mut bytes)?;
        if bytes.is_empty() {
            break;
        }
        read_line(&bytes)
            .and_then(&mut take)
            .with_context(|| format!("line {number} of {}", path.display()))?;
    }
    Ok(())
}

fn read_line(bytes: &[u8]) -> anyhow::Result<Line> {
    anyhow::ensure!(bytes.len() <= LINE_BYTES_MAX, "the line is too long");
    let value: Value = serde_json::from_slice(bytes)?;
    // Read from the text: a value has forgotten that a member was there twice, of which readers may show either.
    Ok(if value.get("note").is_some() {
        Line::Checkpoint(serde_json::from_slice(bytes)?)
    } else {
        Line::Entry(serde_json::from_slice(bytes)?)
    })
}

/// The middle part of the name of a log, from a checkpoint of it.
pub(super) fn installation(checkpoint: &ExportedCheckpoint) -> Option<String> {
    let origin = checkpoint.note.lines().next()?;
    origin.split('/').nth(1).map(str::to_owned)
}

/// The tenant in the name of a log, which percent-encodes it.
pub(super) fn tenant_of(origin: &str) -> Option<TenantId> {
    let encoded = origin.split('/').nth(2)?.as_bytes();
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((first, others)) = rest.split_first() {
        rest = others;
        let mut byte = *first;
        if byte == b'%' {
            let (digits, others) = rest.split_at_checked(2)?;
            byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
            rest = others;
        }
        bytes.push(byte);
    }
    Id::new(String::from_utf8(bytes).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_read_from_the_name_of_its_log() {
        for name in ["acme", "a b+ü/%41", "anonymous:1"] {
            let tenant = Id::trusted(name);
            let origin = civitas_audit::log_origin("here", &tenant);
            assert_eq!(tenant_of(&origin), Some(tenant));
        }
        for origin in ["", "civitas/here", "civitas/here/%4", "civitas/here/%zz"] {
            assert_eq!(tenant_of(origin), None, "{origin}");
        }
    }
}
