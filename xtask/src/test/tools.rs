//! Provides the programs that the later steps need.

use std::process::Command;

use crate::{command, say};

use super::Run;

/// The version that `.config/nextest.toml` is written for.
const NEXTEST: &str = "0.9.143";

pub(super) fn run(run: &mut Run) -> anyhow::Result<()> {
    if command::output(Command::new("cc").arg("--version")).is_none() {
        command::install(&["build-essential"], "the C parts of SQLite and ring")?;
    }
    run.nextest = has_nextest(run);
    if !run.nextest {
        say::note("cargo-nextest is missing; installing it takes a few minutes, once");
        let mut install = command::cargo();
        install.args(["install", "--locked", "cargo-nextest", "--version", NEXTEST]);
        if let Err(error) = command::run(&mut install) {
            say::note(&format!(
                "{error:#}; the tests run under `cargo test` instead"
            ));
        }
        run.nextest = has_nextest(run);
    }
    Ok(())
}

fn has_nextest(run: &Run) -> bool {
    command::output(run.cargo().args(["nextest", "--version"])).is_some()
}
