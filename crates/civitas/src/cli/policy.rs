//! `civitas policy`: what agents may do.

mod check;
mod difference;
mod folder;
mod offline;
mod show;
mod versions;
mod what_if;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::remote::Remote;
use check::Check;
use what_if::WhatIf;

/// Say what agents may do: look at policies, change them, ask them.
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Show a version: what it is, its roles, or one of its files.
    #[command(
        after_help = "Examples:\n  civitas policy show\n  civitas policy show 3 --file tables.toml"
    )]
    Show(Show),
    /// List versions, newest first, and when which was active.
    #[command(after_help = "Example:\n  civitas policy versions")]
    Versions,
    /// Show line by line where two versions differ, or a folder and a version.
    #[command(
        after_help = "Examples:\n  civitas policy diff policies/        # what applying it would change\n  civitas policy diff 3 4\n  civitas policy diff 0 active         # what was made of the defaults\n\nExits with 1 when they differ."
    )]
    Diff(Diff),
    /// Write a version into a folder: tables.toml, the policies and their tests.
    #[command(
        after_help = "Examples:\n  civitas policy pull policies/\n  civitas policy pull policies/ --policy-version 3 --force"
    )]
    Pull(Pull),
    /// Check that a folder's policies compile, without a server.
    #[command(after_help = "Example:\n  civitas policy validate policies/")]
    Validate(Folder),
    /// Run a folder's tests, without a server.
    #[command(after_help = "Example:\n  civitas policy test policies/")]
    Test(Folder),
    /// Save a folder as a version and let it decide. Needs an administrator.
    #[command(
        after_help = "A folder that was pulled knows from which version it was made; when another was saved or activated since, it is\nrefused, and nobody's change is lost.\n\nExamples:\n  civitas policy apply policies/ --note 'close the ledger'\n  civitas policy apply policies/ --no-activate"
    )]
    Apply(Apply),
    /// Apply a folder each time one of its files is saved, until Ctrl-C.
    #[command(after_help = "Example:\n  civitas policy watch policies/")]
    Watch(Folder),
    /// Let a version decide; 0 is what every tenant starts with. Needs an administrator.
    #[command(after_help = "Example:\n  civitas policy activate 3 --note 'back to what worked'")]
    Activate(Activate),
    /// Go back to the version that was active before. Needs an administrator.
    #[command(after_help = "Example:\n  civitas policy rollback --note 'too strict'")]
    Rollback(Note),
    /// Ask what would be decided, and why. Nothing is recorded.
    #[command(
        after_help = "Examples:\n  civitas policy check 'rm -rf build' --agent ada\n  civitas policy check 'git push origin main' --role developer --fact read_secret\n  civitas policy check --role tester --tool Write --path src/main.rs\n  civitas policy check --agent ada --tool WebFetch --input '{\"url\": \"https://example.com\"}'\n\nWith --expect it exits with 1 when something else comes out."
    )]
    Check(Box<Check>),
    /// Decide again what was asked in the last days, with other policies, and show what would change.
    #[command(
        after_help = "Examples:\n  civitas policy what-if policies/\n  civitas policy what-if 4 --days 30 --against active"
    )]
    WhatIf(WhatIf),
}

/// Which version.
#[derive(Debug, Args)]
pub struct Show {
    /// A number, or `active`.
    #[arg(
        id = "policy_version",
        value_name = "VERSION",
        default_value = "active"
    )]
    pub version: String,
    /// Print this file of it, such as tables.toml.
    #[arg(long, value_name = "NAME")]
    pub file: Option<String>,
}

/// What to compare.
#[derive(Debug, Args)]
pub struct Diff {
    /// A number, `active` or a folder. Alone it is what comes after; before it is what is active.
    #[arg(value_name = "VERSION|DIR")]
    pub one: String,
    /// A number, `active` or a folder.
    #[arg(value_name = "VERSION|DIR")]
    pub other: Option<String>,
}

/// What to write where.
#[derive(Debug, Args)]
pub struct Pull {
    /// The folder; made when it is missing.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Another version than the active one.
    #[arg(
        id = "policy_version",
        long = "policy-version",
        value_name = "VERSION",
        default_value = "active"
    )]
    pub version: String,
    /// Write over files that differ.
    #[arg(long)]
    pub force: bool,
}

/// A folder of policies.
#[derive(Debug, Args)]
pub struct Folder {
    /// Holds tables.toml, *.cedar and *.test.toml, each of which may be missing.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// What to save.
#[derive(Debug, Args)]
pub struct Apply {
    /// Holds tables.toml, *.cedar and *.test.toml, each of which may be missing.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Why, for whoever reads it later.
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        value_name = "TEXT"
    )]
    pub note: String,
    /// The version that this was made from, when the folder does not know.
    #[arg(long, value_name = "VERSION")]
    pub based_on: Option<u64>,
    /// Save it, and let the active version go on deciding.
    #[arg(long)]
    pub no_activate: bool,
    /// Do not ask when calls of the last days would have come out differently.
    #[arg(long)]
    pub yes: bool,
}

/// Which version, and why.
#[derive(Debug, Args)]
pub struct Activate {
    /// Its number.
    #[arg(id = "policy_version", value_name = "VERSION")]
    pub version: u64,
    /// Why.
    #[command(flatten)]
    pub note: Note,
}

/// Why.
#[derive(Debug, Args)]
pub struct Note {
    /// Why, for whoever reads it later.
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        value_name = "TEXT"
    )]
    pub note: String,
}

/// Runs a command of the group.
pub(crate) async fn run(command: Policy, remote: &Remote) -> anyhow::Result<()> {
    match command {
        Policy::Validate(Folder { folder }) => offline::validate(folder, remote.json).await,
        Policy::Test(Folder { folder }) => offline::test(folder, remote.json).await,
        Policy::Show(arguments) => show::run(&remote.client()?, arguments, remote.json).await,
        Policy::Versions => show::versions(&remote.client()?, remote.json).await,
        Policy::Diff(arguments) => difference::run(&remote.client()?, arguments).await,
        Policy::Pull(arguments) => versions::pull(&remote.client()?, arguments, remote.json).await,
        Policy::Apply(arguments) => {
            versions::apply(&remote.client()?, arguments, remote.json).await
        }
        Policy::Watch(Folder { folder }) => versions::watch(&remote.client()?, folder).await,
        Policy::Activate(Activate { version, note }) => {
            versions::activate(&remote.client()?, version, None, note.note, remote.json).await
        }
        Policy::Rollback(Note { note }) => {
            versions::rollback(&remote.client()?, note, remote.json).await
        }
        Policy::Check(arguments) => check::run(&remote.client()?, &arguments, remote.json).await,
        Policy::WhatIf(arguments) => what_if::run(&remote.client()?, arguments, remote.json).await,
    }
}
