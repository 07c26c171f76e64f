//! What can be typed after `civitas audit`.

use std::path::PathBuf;

use civitas_audit::{PublicKey, log_origin};
use civitas_model::TenantId;
use clap::{Args, Subcommand};
use serde_json::json;

use super::{check, export, prove, verify};
use crate::audit::key;
use crate::cli::arguments::Data;
use crate::cli::failure::Failure;
use crate::cli::output::{self, data};
use crate::folder::NODE;

/// Check, prove and export the audit log, without a server.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Check that no entry was changed, removed, swapped or added behind the log's back.
    #[command(
        after_help = "Examples:\n  civitas audit verify --data-dir /var/lib/civitas\n  civitas audit verify --database copy.db --key KEY --checkpoints kept-elsewhere.jsonl\n  civitas audit verify --export acme.jsonl --key KEY\n\nExits with 1 when anything is wrong, and says what and where."
    )]
    Verify(Verify),
    /// Print the proof that an entry is in the log.
    #[command(
        after_help = "Example:\n  civitas audit prove 4711 --tenant acme --data-dir /var/lib/civitas > proof.json"
    )]
    Prove(Prove),
    /// Check a printed proof.
    #[command(after_help = "Example:\n  civitas audit check proof.json --key KEY")]
    Check(Check),
    /// Write entries and checkpoints as lines of JSON, which verify anywhere.
    #[command(
        after_help = "Example:\n  civitas audit export acme.jsonl --tenant acme --data-dir /var/lib/civitas"
    )]
    Export(Export),
    /// Print the public key that checkpoints are signed with. Note it somewhere else.
    #[command(
        after_help = "Examples:\n  civitas audit key --data-dir /var/lib/civitas\n  civitas audit key --tenant acme    # as tools for signed notes take it"
    )]
    Key(Key),
}

/// Where the log is.
#[derive(Debug, Args)]
pub struct Place {
    /// The folder or PostgreSQL database of a node, which may be running.
    #[command(flatten)]
    pub data: Data,
    /// A copy of a SQLite database instead.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["data_dir", "database_url"])]
    pub database: Option<PathBuf>,
    /// An export instead.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["data_dir", "database_url", "database"])]
    pub export: Option<PathBuf>,
}

/// Check a log.
#[derive(Debug, Args)]
pub struct Verify {
    /// Where it is.
    #[command(flatten)]
    pub place: Place,
    /// The public key; that of the data folder when absent, which proves less than one that was noted elsewhere.
    #[arg(long, value_name = "KEY")]
    pub key: Option<PublicKey>,
    /// Checkpoints that were kept elsewhere, as lines of JSON; may be repeated. Those of the data folder and of the database or
    /// export are used as well.
    #[arg(long, value_name = "FILE")]
    pub checkpoints: Vec<PathBuf>,
    /// Only this tenant's.
    #[arg(long, value_name = "TENANT")]
    pub tenant: Option<TenantId>,
}

/// Prove that an entry is in a log.
#[derive(Debug, Args)]
pub struct Prove {
    /// The entry's number or id.
    #[arg(value_name = "ENTRY")]
    pub entry: String,
    /// Whose log.
    #[arg(long, value_name = "TENANT", default_value = "default_tenant")]
    pub tenant: TenantId,
    /// Where it is.
    #[command(flatten)]
    pub place: Place,
}

/// Check a proof.
#[derive(Debug, Args)]
pub struct Check {
    /// The proof, as `civitas audit prove` or the API gives it.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The public key.
    #[arg(long, value_name = "KEY")]
    pub key: PublicKey,
}

/// Export a log.
#[derive(Debug, Args)]
pub struct Export {
    /// The file to write; it must not be there yet.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Only this tenant's; every tenant's when absent.
    #[arg(long, value_name = "TENANT")]
    pub tenant: Option<TenantId>,
    /// Where it is.
    #[command(flatten)]
    pub place: Place,
}

/// Print the key.
#[derive(Debug, Args)]
pub struct Key {
    /// Whose node's.
    #[command(flatten)]
    pub data: Data,
    /// As the verifier key of this tenant's log, `name+id+key`.
    #[arg(long, value_name = "TENANT")]
    pub tenant: Option<TenantId>,
}

/// Runs a command of the group.
pub(crate) async fn run(command: Audit, machine: bool) -> anyhow::Result<()> {
    match command {
        Audit::Verify(arguments) => verify::run(arguments, machine).await,
        Audit::Prove(arguments) => prove::run(arguments).await,
        Audit::Check(arguments) => check::run(&arguments, machine),
        Audit::Export(arguments) => export::run(arguments, machine).await,
        Audit::Key(arguments) => print_key(&arguments, machine),
    }
}

fn print_key(arguments: &Key, machine: bool) -> anyhow::Result<()> {
    let data_dir = &arguments.data.data_dir;
    let missing = || {
        let shown = data_dir.display();
        Failure::NotFound(format!(
            "{shown} has no key of an audit log: name the data folder of a node with --data-dir"
        ))
    };
    let key = key::public(data_dir)?.ok_or_else(missing)?;
    let shown = match &arguments.tenant {
        None => key.to_string(),
        Some(tenant) => {
            let node = std::fs::read_to_string(data_dir.join(NODE)).map_err(|_| missing())?;
            key.verifier_key(&log_origin(node.trim(), tenant))
        }
    };
    if machine {
        return Ok(output::json(&json!({ "key": shown }))?);
    }
    Ok(data(&shown)?)
}
