//! The one door to the project's chores: `cargo xtask tidy`, `test`, `gen`, `crash` and `bench`.
//!
//! Invariant: this crate depends on no other crate of the workspace and on few from outside, so that it is built in
//! seconds and still works when the rest does not compile.

mod bench;
mod command;
mod crash;
mod generated;
mod python;
mod say;
mod test;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "The project's chores",
    arg_required_else_help = true
)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Check the house rules and print every breach as `file:line`.
    Tidy,
    /// Run everything that must pass before a change is taken: format, lints, tidy, all tests.
    Test {
        /// Also run the tests that take minutes (sets `CIVITAS_SLOW_TESTS=1`).
        #[arg(long)]
        slow: bool,
        /// Leave a step out, on a machine that cannot run it; what it would have found is found elsewhere.
        #[arg(long, value_name = "STEP", value_parser = test::OPTIONAL)]
        without: Vec<String>,
    },
    /// Write the generated files again.
    Gen,
    /// Kill the server again and again under load, and look for what it promised.
    Crash {
        /// How often it is killed.
        #[arg(long, default_value_t = 200)]
        rounds: u32,
        /// Which random moments.
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Measure a release build over real HTTP, and print machine, load and figures.
    Bench {
        /// A few minutes: fewer records and files, and shorter loads.
        #[arg(long)]
        quick: bool,
        /// Also write the figures here.
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        /// Only these parts: `executions`, `search`, `recovery`, `documents`, `files`, `decisions`, `governance`, `feed`,
        /// `telemetry`.
        #[arg(long, value_name = "PART")]
        only: Vec<String>,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().chore {
        Chore::Tidy => tidy::run(&root()),
        Chore::Test { slow, without } => test::run(&root(), slow, &without),
        Chore::Gen => generated::write(&root()),
        Chore::Crash { rounds, seed } => crash::run(&root(), rounds, seed),
        Chore::Bench { quick, json, only } => bench::run(&root(), quick, json.as_deref(), &only),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::note(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// The workspace's folder: that of the checkout `cargo xtask` was called in. The folder this was compiled in may be
/// another one, where several checkouts share a target folder.
fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.parent().unwrap_or(&here).to_owned()
}

/// Reads a text file, naming it when that fails.
fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
