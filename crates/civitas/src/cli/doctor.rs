//! `civitas doctor`: whether this machine can run a node, and what to do where it cannot.

mod content;

use std::path::{Path, PathBuf};

use anyhow::Context;
use civitas_documents::{Document, Request};
use civitas_model::{Clock, SystemClock, TenantId};
use civitas_providers::sandbox::{Confinement, Layer, Sandbox};
use civitas_storage::{StoreOptions, schema_version};
use clap::Args;
use futures::stream;
use serde_json::json;

use super::arguments::Data;
use super::failure::Failure;
use super::listen::Listen;
use super::output::{self, BAD, BOLD, DIM, GOOD, WARN, bytes, causes, clean, data};
use crate::audit::key;
use crate::client::Client;
use crate::config::Config;
use crate::node;

/// Room on the disk below which a node must not start, and below which one should look.
const ROOM_BYTES_MIN: u64 = 256 << 20;
const ROOM_BYTES_WISE: u64 = 4 << 30;
/// 1 January 2026: before it no release of this program existed.
const EARLIEST_MICROS: i64 = 1_767_225_600_000_000;
/// What the confined child is asked to read.
const SAMPLE: &str = "# Sample\n\nThe confined child reads this.\n";

/// Check whether this machine can run a node.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Where the node would keep things.
    #[command(flatten)]
    pub data: Data,
    /// Where it would listen.
    #[arg(
        long,
        env = "CIVITAS_LISTEN",
        default_value = "127.0.0.1:8000",
        value_name = "ADDRESS"
    )]
    pub listen: Listen,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Health {
    Ok,
    Warn,
    Fail,
}

struct Finding {
    name: &'static str,
    health: Health,
    text: String,
}

fn finding(name: &'static str, health: Health, text: impl Into<String>) -> Finding {
    Finding {
        name,
        health,
        text: text.into(),
    }
}

/// Runs every check and prints a line for each.
pub(crate) async fn run(arguments: Doctor, machine: bool) -> anyhow::Result<()> {
    let data_dir = &arguments.data.data_dir;
    let config = Config {
        database_url: arguments.data.database_url.clone(),
        ..Config::development(data_dir.clone())
    };
    let options = node::store_options(&config);
    let findings = [
        folder(data_dir),
        room(data_dir),
        database(&options).await,
        content::check(&options, data_dir).await,
        sandbox().await,
        confinement().await,
        audit_key(data_dir),
        port(&arguments.listen).await,
        clock(),
    ];
    if machine {
        let checks: Vec<_> = findings
            .iter()
            .map(|found| json!({ "check": found.name, "status": word(found.health), "text": found.text }))
            .collect();
        output::json(&json!({ "checks": checks }))?;
    } else {
        for found in &findings {
            let style = match found.health {
                Health::Ok => GOOD,
                Health::Warn => WARN,
                Health::Fail => BAD,
            };
            let (status, text) = (word(found.health), clean(&found.text));
            data(&format!(
                "{style}{status:<4}{style:#}  {BOLD}{:<11}{BOLD:#}  {text}",
                found.name
            ))?;
        }
    }
    let failed = findings
        .iter()
        .filter(|found| found.health == Health::Fail)
        .count();
    if failed > 0 {
        return Err(Failure::failed(format!(
            "{failed} of {} checks failed: do what they say, then run this again",
            findings.len()
        ))
        .into());
    }
    output::note(&format!("{DIM}this machine can run a node{DIM:#}"));
    Ok(())
}

const fn word(health: Health) -> &'static str {
    match health {
        Health::Ok => "ok",
        Health::Warn => "warn",
        Health::Fail => "fail",
    }
}

/// The folder itself, or the nearest one above it that exists.
fn existing(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let nearest = absolute.ancestors().find(|folder| folder.exists());
    nearest.unwrap_or(Path::new("/")).to_owned()
}

/// The key that the audit log is signed with, to be noted somewhere else.
fn audit_key(data_dir: &Path) -> Finding {
    match key::public(data_dir) {
        Ok(Some(key)) => finding(
            "audit",
            Health::Ok,
            format!("checkpoints are signed by {key}"),
        ),
        Ok(None) => finding(
            "audit",
            Health::Ok,
            "the signing key is made at the first start",
        ),
        Err(error) => finding("audit", Health::Fail, causes(&error)),
    }
}

fn folder(data_dir: &Path) -> Finding {
    let nearest = existing(data_dir);
    let shown = data_dir.display();
    match tempfile::tempfile_in(&nearest) {
        Ok(_) if data_dir.exists() => {
            finding("data folder", Health::Ok, format!("{shown} can be written"))
        }
        Ok(_) => finding(
            "data folder",
            Health::Ok,
            format!("{shown} is made at the first start"),
        ),
        Err(error) => {
            let nearest = nearest.display();
            finding(
                "data folder",
                Health::Fail,
                format!("{nearest} cannot be written ({error}): choose another with --data-dir"),
            )
        }
    }
}

fn room(data_dir: &Path) -> Finding {
    let nearest = existing(data_dir);
    match rustix::fs::statvfs(&nearest) {
        Ok(facts) => {
            let free = facts.f_bavail.saturating_mul(facts.f_frsize);
            let text = format!("{} free", bytes(free));
            match free {
                ..ROOM_BYTES_MIN => finding(
                    "disk room",
                    Health::Fail,
                    format!("{text}, less than {}: make room", bytes(ROOM_BYTES_MIN)),
                ),
                ROOM_BYTES_MIN..ROOM_BYTES_WISE => finding(
                    "disk room",
                    Health::Warn,
                    format!("{text}: documents and their search index will soon fill it"),
                ),
                _ => finding("disk room", Health::Ok, text),
            }
        }
        Err(error) => finding(
            "disk room",
            Health::Warn,
            format!("cannot be told: {error}"),
        ),
    }
}

async fn database(options: &StoreOptions) -> Finding {
    let name = match options {
        StoreOptions::Sqlite { path } if !path.exists() => {
            return finding("database", Health::Ok, "SQLite, made at the first start");
        }
        StoreOptions::Sqlite { .. } => "SQLite",
        StoreOptions::Postgres { .. } => "PostgreSQL",
    };
    match schema_version(options).await {
        Ok((found, known)) if found == known => finding(
            "database",
            Health::Ok,
            format!("{name} answers, schema version {found}"),
        ),
        Ok((found, known)) if found < known => finding(
            "database",
            Health::Ok,
            format!("{name} answers, schema version {found}; the next start brings it to {known}"),
        ),
        Ok((found, known)) => finding(
            "database",
            Health::Fail,
            format!(
                "{name} has schema version {found}, this binary knows up to {known}: use a newer binary"
            ),
        ),
        Err(error) => {
            let error = causes(&error.into());
            let text = format!("{error}: check --data-dir or --database-url");
            finding("database", Health::Fail, text)
        }
    }
}

/// Starts the confined child and has it read a document.
async fn sandbox() -> Finding {
    match parse_sample().await {
        Ok(document)
            if document
                .blocks
                .iter()
                .any(|block| block.text.contains("confined")) =>
        {
            finding("sandbox", Health::Ok, "a confined child reads documents")
        }
        Ok(_) => finding(
            "sandbox",
            Health::Fail,
            "the confined child misread a sample: report this",
        ),
        Err(error) => finding(
            "sandbox",
            Health::Fail,
            format!(
                "{}: documents cannot be parsed on this system",
                causes(&error)
            ),
        ),
    }
}

async fn parse_sample() -> anyhow::Result<Document> {
    let sample = stream::iter([Ok::<_, std::io::Error>(SAMPLE.into())]);
    let tenant = TenantId::trusted("doctor");
    let request = json!(Request::new("sample.md"));
    let answer = own_sandbox()?.run(&tenant, &request, None, sample).await?;
    Ok(serde_json::from_slice(&answer)?)
}

fn own_sandbox() -> anyhow::Result<Sandbox> {
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    Ok(Sandbox::new(node::sandbox_config(&program))?)
}

/// Has a confined child try what it must not be able to do.
async fn confinement() -> Finding {
    let found = match own_sandbox() {
        Ok(sandbox) => sandbox.confinement().await.map_err(Into::into),
        Err(error) => Err(error),
    };
    match found {
        Ok(found) => judge(&found),
        Err(error) => finding(
            "confinement",
            Health::Fail,
            format!(
                "{}: it cannot be told what a parser could do here",
                causes(&error)
            ),
        ),
    }
}

fn judge(found: &Confinement) -> Finding {
    let limits = node::sandbox_limits();
    let guards = format!(
        "Landlock {}; seccomp {}; a job has {} of memory, {} s of CPU time, {} s in all, {} of answer",
        guard(&found.landlock),
        guard(&found.seccomp),
        bytes(limits.memory_bytes),
        limits.cpu_seconds,
        limits.wall_clock.as_secs(),
        bytes(limits.output_bytes),
    );
    let named = |refused: bool| {
        let attempts = found.attempts.iter();
        let named = attempts.filter(|attempt| attempt.refused.is_some() == refused);
        named
            .map(|attempt| attempt.what.name())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let (refused, open) = (named(true), named(false));
    if open.is_empty() {
        return finding(
            "confinement",
            Health::Ok,
            format!("tried and refused: {refused}; {guards}"),
        );
    }
    finding(
        "confinement",
        Health::Warn,
        format!(
            "tried and NOT refused: {open}; refused: {refused}; {guards}: use a kernel with Landlock and seccomp, or confine the whole node"
        ),
    )
}

fn guard(layer: &Layer) -> String {
    match layer {
        Layer::Active(how) => format!("is active ({how})"),
        Layer::Missing(why) => format!("is missing ({why})"),
    }
}

async fn port(listen: &Listen) -> Finding {
    if listen.bind().await.is_ok() {
        return finding("port", Health::Ok, format!("{listen} is free"));
    }
    let health = match Client::new(&format!("http://{listen}"), None) {
        Ok(client) => client.health().await,
        Err(failure) => Err(failure),
    };
    match health {
        Ok(health) if health["service"] == "civitas" => {
            let status = health["status"].as_str().unwrap_or_default();
            let text = format!("a Civitas server listens on {listen} and is {status}");
            if status == "healthy" {
                return finding("port", Health::Ok, text);
            }
            finding(
                "port",
                Health::Fail,
                format!("{text}: its log says why; a full disk is the usual reason"),
            )
        }
        _ => finding(
            "port",
            Health::Warn,
            format!("{listen} is not to be had: choose another with --listen"),
        ),
    }
}

fn clock() -> Finding {
    let now = SystemClock.now();
    if now.as_micros() < EARLIEST_MICROS {
        return finding(
            "clock",
            Health::Fail,
            format!("it says {now}: set it, since tokens and timers go by it"),
        );
    }
    finding("clock", Health::Ok, format!("it says {now}"))
}

#[cfg(test)]
mod tests {
    use civitas_providers::sandbox::{Attempt, Deed};

    use super::*;

    #[test]
    fn what_is_not_refused_is_named() {
        let attempt = |what, refused: Option<&str>| Attempt {
            what,
            refused: refused.map(str::to_owned),
        };
        let mut found = Confinement {
            landlock: Layer::Missing("this kernel has none".to_owned()),
            seccomp: Layer::Active("a list".to_owned()),
            attempts: vec![
                attempt(Deed::ReadFile, Some("no")),
                attempt(Deed::UseNetwork, None),
            ],
        };
        let judged = judge(&found);
        assert!(judged.health == Health::Warn);
        for part in [
            "NOT refused: the network; refused: reading files;",
            "Landlock is missing (this kernel has none)",
            "seccomp is active (a list)",
        ] {
            assert!(judged.text.contains(part), "{}", judged.text);
        }
        found.attempts[1].refused = Some("no".to_owned());
        assert!(judge(&found).health == Health::Ok);
    }
}
