//! `civitas audit verify`.

use std::collections::BTreeSet;

use anyhow::Context;
use civitas_audit::{FINDINGS_MAX, Finding, PublicKey, Report, Verifier};
use civitas_model::TenantId;
use serde_json::json;

use super::beside::Beside;
use super::command::{Place, Verify};
use super::source::{Checkpoints, Source, add_files, installation};
use crate::audit::{checkpoints, key};
use crate::cli::failure::Failure;
use crate::cli::output::{self, BAD, DIM, GOOD, WARN, clean, counted, data, note};

/// Verifies every log that is there, or that a checkpoint says was there.
pub(super) async fn run(arguments: Verify, machine: bool) -> anyhow::Result<()> {
    // A place without a log is told first: there a key would be asked for in vain.
    let source = Source::open(&arguments.place).await?;
    let key = find_key(&arguments)?;
    let (mut tenants, mut kept) = source.survey().await?;
    if is_folder(&arguments.place) {
        add_files(
            &mut kept,
            &checkpoints::files(&arguments.place.data.data_dir)?,
        )?;
    }
    add_files(&mut kept, &arguments.checkpoints)?;
    tenants.extend(kept.keys().cloned());
    if let Some(tenant) = &arguments.tenant {
        if !tenants.contains(tenant) {
            let message = format!("tenant {tenant} has no audit log there");
            return Err(Failure::NotFound(message).into());
        }
        tenants = BTreeSet::from([tenant.clone()]);
    }
    let mut reports = Vec::with_capacity(tenants.len());
    for tenant in &tenants {
        let report = verify(&source, tenant, &mut kept, &key).await?;
        if !machine {
            tell(&report)?;
        }
        reports.push(report);
    }
    let damaged = reports.iter().filter(|report| !report.is_sound()).count();
    if machine {
        let sound = damaged == 0;
        output::json(&json!({ "sound": sound, "logs": reports }))?;
    }
    if damaged > 0 {
        let message = format!(
            "{damaged} of {} logs are not what was written and signed: compare with a backup, and find out who could write to it",
            reports.len()
        );
        return Err(Failure::failed(message).into());
    }
    if reports.is_empty() && !is_folder(&arguments.place) {
        let message =
            "there is no audit log in what was named: it is empty, or not the one that was meant";
        return Err(Failure::NotFound(message.to_owned()).into());
    }
    if reports.is_empty() {
        note(&format!("{DIM}there is no audit log yet{DIM:#}"));
    }
    Ok(())
}

/// Whether the place is a node's own data folder.
const fn is_folder(place: &Place) -> bool {
    place.database.is_none() && place.export.is_none()
}

fn find_key(arguments: &Verify) -> anyhow::Result<PublicKey> {
    if let Some(key) = &arguments.key {
        return Ok(key.clone());
    }
    let found = if is_folder(&arguments.place) {
        key::public(&arguments.place.data.data_dir)?
    } else {
        None
    };
    found
        .ok_or_else(|| {
            Failure::Usage(
                "name the public key with --key: `civitas audit key` prints it where the node is"
                    .to_owned(),
            )
        })
        .context("signatures cannot be checked")
}

async fn verify(
    source: &Source,
    tenant: &TenantId,
    kept: &mut Checkpoints,
    key: &PublicKey,
) -> anyhow::Result<Report> {
    let mut found = kept.remove(tenant).unwrap_or_default();
    // The same ones lie in the database and in files.
    found.sort_by(|one, other| (one.size, &one.note).cmp(&(other.size, &other.note)));
    found.dedup_by(|one, other| one.note == other.note);
    let installation = found.first().and_then(installation).unwrap_or_default();
    let notes: Vec<&str> = found.iter().map(|kept| kept.note.as_str()).collect();
    let mut verifier = Verifier::new(tenant, &notes, &installation, key);
    let mut beside = match source {
        Source::Database(log) => Some(Beside::read(log, tenant).await?),
        Source::Export(_) => None,
    };
    source
        .each(tenant, |stored| {
            verifier.entry(stored);
            if let Some(beside) = &mut beside {
                beside.entry(stored.hash);
            }
            Ok(())
        })
        .await?;
    let mut report = verifier.finish();
    // Beside entries that are not right, nothing can be.
    if let Some(beside) = beside.filter(|_| report.is_sound()) {
        let found = beside.finish();
        report.findings_total = found.len() as u64;
        let found = found.into_iter().take(FINDINGS_MAX);
        report.findings = found.map(|reason| Finding::Aside { reason }).collect();
    }
    Ok(report)
}

fn tell(report: &Report) -> anyhow::Result<()> {
    let (style, word) = if report.is_sound() {
        (GOOD, "sound")
    } else {
        (BAD, "DAMAGED")
    };
    data(&format!(
        "{style}{word}{style:#}  {}: {}, the first {} signed by {}; {}, {} dropped",
        clean(report.tenant.as_str()),
        counted(report.entries, "entry"),
        report.signed,
        counted(report.checkpoints, "checkpoint"),
        counted(report.bodies, "body"),
        report.bodies_dropped,
    ))?;
    for finding in &report.findings {
        data(&format!("  {}", clean(&finding.to_string())))?;
    }
    let listed = report.findings.len() as u64;
    if report.findings_total > listed {
        let more = report.findings_total - listed;
        data(&format!("  and {more} more"))?;
    }
    if report.is_sound() && report.signed < report.entries {
        let loose = report.entries - report.signed;
        note(&format!(
            "{WARN}the last {loose} entries of {} are covered by no checkpoint: if all of them had been replaced, nothing would show it{WARN:#}",
            clean(report.tenant.as_str())
        ));
    }
    Ok(())
}
