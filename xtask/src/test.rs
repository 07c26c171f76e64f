//! `cargo xtask test`: everything that must pass, in one command, ending non-zero when anything failed.
//!
//! A step that fails does not stop the ones after it: one run shows all there is to repair. The test runner comes last,
//! so that its summary ends the output.

mod clippy;
mod doc_tests;
mod format;
mod fuzz;
mod nextest;
mod postgres;
mod schemathesis;
mod tidy;
mod tools;
mod typescript;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::bail;

use crate::{command, say};

/// One thing that must pass.
struct Step {
    name: &'static str,
    run: fn(&mut Run) -> anyhow::Result<()>,
}

/// Every step, in order. A further one is one line here and one file beside the others.
const STEPS: &[Step] = &[
    Step {
        name: "tools",
        run: tools::run,
    },
    Step {
        name: "format",
        run: format::run,
    },
    Step {
        name: "clippy",
        run: clippy::run,
    },
    Step {
        name: "tidy",
        run: tidy::run,
    },
    Step {
        name: "postgresql",
        run: postgres::run,
    },
    Step {
        name: "doc tests",
        run: doc_tests::run,
    },
    Step {
        name: "schemathesis",
        run: schemathesis::run,
    },
    Step {
        name: "tests",
        run: nextest::run,
    },
    Step {
        name: "fuzzing",
        run: fuzz::run,
    },
];

/// The seed of property tests. `.cargo/config.toml` keeps it the same; a slow run tries another one each time.
const SEED: &str = "PROPTEST_RNG_SEED";

/// Steps that may be left out with `--without`.
pub const OPTIONAL: [&str; 1] = ["schemathesis"];

/// What the steps of one run share.
struct Run {
    root: PathBuf,
    slow: bool,
    /// The seed of a slow run's property tests: another one each time.
    seed: u64,
    /// Whether cargo-nextest is there; without it the tests run under `cargo test`.
    nextest: bool,
    /// The TypeScript compiler's script; without it the test that needs it says that it was skipped.
    tsc: Option<PathBuf>,
    /// The private database server; it is stopped when the run is dropped.
    postgres: Option<postgres::Server>,
}

impl Run {
    /// Cargo, at the workspace's root, with what the tests need in its environment.
    fn cargo(&self) -> Command {
        let mut cargo = command::cargo();
        cargo.current_dir(&self.root);
        if self.slow {
            cargo.env("CIVITAS_SLOW_TESTS", "1");
            cargo.env(SEED, self.seed.to_string());
        }
        if let Some(tsc) = &self.tsc {
            cargo.env(typescript::VARIABLE, tsc);
        }
        if let Some(server) = &self.postgres {
            cargo.env(postgres::VARIABLE, server.url());
        }
        cargo
    }
}

/// Runs every step but those to leave out, and fails when one of them did.
pub fn run(root: &Path, slow: bool, without: &[String]) -> anyhow::Result<()> {
    command::forward_signals()?;
    let started = Instant::now();
    let mut run = Run {
        root: root.to_owned(),
        slow,
        seed: RandomState::new().hash_one(root),
        nextest: false,
        tsc: None,
        postgres: None,
    };
    if slow {
        say::note(&format!(
            "property tests run with {SEED}={}; give it again to repeat them",
            run.seed
        ));
    }
    let mut durations = Vec::new();
    let mut broken = Vec::new();
    for (number, step) in (1..).zip(STEPS) {
        let name = step.name;
        say::note(&format!("[{number}/{}] {name}", STEPS.len()));
        if without.iter().any(|left_out| left_out == name) {
            say::note(&format!(
                "[{number}/{}] {name}: left out, as asked",
                STEPS.len()
            ));
            durations.push(format!("{name} left out"));
            continue;
        }
        let begun = Instant::now();
        let outcome = (step.run)(&mut run);
        let took = seconds(begun.elapsed());
        durations.push(format!("{name} {took}"));
        match outcome {
            Ok(()) => say::note(&format!(
                "[{number}/{}] {name}: done in {took}",
                STEPS.len()
            )),
            Err(error) => {
                say::note(&format!(
                    "[{number}/{}] {name}: broken after {took}: {error:#}",
                    STEPS.len()
                ));
                broken.push(name);
            }
        }
        if command::interrupted() {
            bail!("interrupted during {name}");
        }
    }
    drop(run);
    let total = seconds(started.elapsed());
    say::note(&format!(
        "durations: {}; {total} in all",
        durations.join(", ")
    ));
    if !broken.is_empty() {
        bail!(
            "not everything is in order, see above: {}",
            broken.join(", ")
        );
    }
    Ok(())
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
