//! Takes an installation back.

use std::fs;

use anyhow::Context;
use serde_json::json;

use super::file::{self, SettingsFile};
use super::record::{Record, Shelf, digest};
use super::{Install, OWN, difference, plan, token};
use crate::cli::failure::Failure;
use crate::cli::output::{self, clean, data, note};
use crate::cli::remote::Remote;
use crate::cli::replace::replace;

pub(super) async fn run(arguments: &Install, remote: &Remote) -> anyhow::Result<()> {
    let settings = arguments.scope.file()?;
    let shelf = Shelf::of(&settings.target)?;
    let record = shelf.load()?;
    let path = settings.target.display().to_string();
    let is_untouched = record.as_ref().is_some_and(|record| {
        settings.bytes.as_deref().map(digest).as_ref() == Some(&record.sha256)
    });
    let is_found = match &record {
        Some(record) if is_untouched => restore(arguments, &settings, record, &shelf, remote.json)?,
        record => take_out(arguments, &settings, record.as_ref(), &shelf, remote.json)?,
    };
    let revoked = match &record {
        Some(record) if !arguments.dry_run => {
            shelf.forget(is_untouched);
            Some(revoke(record, remote).await)
        }
        _ => None,
    };
    let is_revoked = matches!(revoked, Some(Ok(())));
    if remote.json {
        output::json(&json!({
            "settings": path, "restored": is_untouched, "removed": is_found, "written": is_found && !arguments.dry_run,
            "token_revoked": is_revoked,
        }))?;
    } else {
        note(&match (is_found, arguments.dry_run, is_untouched) {
            (false, ..) => format!("Civitas is not installed in {path}"),
            (_, true, _) => {
                format!("nothing was written; without --dry-run, {path} changes like this")
            }
            (_, _, true) => format!("{path} is as it was before"),
            _ => format!(
                "{path} was changed since: only the entries of Civitas were taken out; what it held before is in {}",
                shelf.backup.display()
            ),
        });
        if is_revoked {
            note("the token is revoked");
        }
    }
    match revoked {
        Some(Err(failure)) => {
            let id = record.map(|record| record.token_id).unwrap_or_default();
            Err(anyhow::Error::from(failure).context(format!(
                "the token {} could not be revoked: use `civitas token revoke {} --yes`",
                clean(&id),
                clean(&id)
            )))
        }
        _ => Ok(()),
    }
}

/// Puts back, byte by byte, what was there. Answers whether anything changes.
fn restore(
    arguments: &Install,
    settings: &SettingsFile,
    record: &Record,
    shelf: &Shelf,
    quiet: bool,
) -> anyhow::Result<bool> {
    let bytes = shelf.before(record)?;
    let before = file::parse(&shelf.backup, bytes.as_deref())?;
    if !quiet {
        for line in difference::lines(&settings.json()?, &before) {
            data(&line)?;
        }
    }
    if arguments.dry_run {
        return Ok(true);
    }
    match bytes {
        Some(bytes) => replace(&settings.target, &bytes, record.mode.unwrap_or(OWN))?,
        None => fs::remove_file(&settings.target)
            .with_context(|| format!("cannot remove {}", settings.target.display()))?,
    }
    Ok(true)
}

/// Takes only our entries out. Answers whether there were any.
fn take_out(
    arguments: &Install,
    settings: &SettingsFile,
    record: Option<&Record>,
    shelf: &Shelf,
    quiet: bool,
) -> anyhow::Result<bool> {
    let now = settings.json()?;
    let mut after = now.clone();
    if let Some(record) = record {
        let before = file::parse(&shelf.backup, shelf.before(record)?.as_deref())?;
        for edit in record.edits.iter().rev() {
            edit.undo(&mut after, &before);
        }
    }
    plan::strip(&mut after);
    if after == now {
        return Ok(false);
    }
    if !quiet {
        for line in difference::lines(&now, &after) {
            data(&line)?;
        }
    }
    if !arguments.dry_run {
        let text = file::text(&after, settings.bytes.as_deref())?;
        replace(&settings.target, &text, settings.mode.unwrap_or(OWN))?;
    }
    Ok(true)
}

/// Revokes the token on the server that made it.
async fn revoke(record: &Record, remote: &Remote) -> Result<(), Failure> {
    let api = remote.client_of(&record.server)?;
    token::revoke(&api, &record.token_id).await
}
