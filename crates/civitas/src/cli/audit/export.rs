//! `civitas audit export`.

use std::fs::OpenOptions;
use std::io::{BufWriter, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;

use civitas_audit::ExportedEntry;
use serde_json::json;

use super::command::Export;
use super::source::Source;
use crate::cli::failure::Failure;
use crate::cli::output::{self, counted, data, note};

/// Writes checkpoints and entries, for the owner alone: bodies are personal.
pub(super) async fn run(arguments: Export, machine: bool) -> anyhow::Result<()> {
    let shown = arguments.file.display().to_string();
    let source = Source::open(&arguments.place).await?;
    let (mut tenants, kept) = source.survey().await?;
    if let Some(tenant) = &arguments.tenant {
        tenants.retain(|found| found == tenant);
    }
    if tenants.is_empty() {
        return Err(Failure::NotFound("there is no such audit log there".to_owned()).into());
    }
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&arguments.file)
        .map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => {
                Failure::failed(format!("{shown} is there already: choose another name"))
            }
            _ => Failure::failed(format!("{shown}: {error}")),
        })?;
    let mut lines = BufWriter::new(file);
    let mut entries: u64 = 0;
    for tenant in &tenants {
        for checkpoint in kept.get(tenant).into_iter().flatten() {
            serde_json::to_writer(&mut lines, checkpoint)?;
            lines.write_all(b"\n")?;
        }
        source
            .each(tenant, |stored| {
                entries += 1;
                serde_json::to_writer(&mut lines, &ExportedEntry::from(stored))?;
                Ok(lines.write_all(b"\n")?)
            })
            .await?;
    }
    lines.flush()?;
    lines.get_ref().sync_all()?;
    if machine {
        return Ok(output::json(&json!({ "file": shown, "entries": entries }))?);
    }
    note(&format!(
        "{} of {}",
        counted(entries, "entry"),
        counted(tenants.len(), "tenant")
    ));
    Ok(data(&shown)?)
}
