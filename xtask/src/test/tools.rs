//! Provides the programs that the later steps need.

use std::process::Command;

use anyhow::Context as _;
use cargo_metadata::MetadataCommand;

use crate::{command, say};

use super::{Run, typescript};

/// The version that `.config/nextest.toml` is written for.
const NEXTEST: &str = "0.9.143";

pub(super) fn run(run: &mut Run) -> anyhow::Result<()> {
    if command::output(Command::new("cc").arg("--version")).is_none() {
        command::install(&["build-essential"], "the C parts of SQLite and ring")?;
    }
    install_typescript(run)?;
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

/// Without it one test is skipped. On a build machine that is a failure: nobody would read that it was.
fn install_typescript(run: &mut Run) -> anyhow::Result<()> {
    let metadata = MetadataCommand::new()
        .current_dir(&run.root)
        .no_deps()
        .exec();
    let target = metadata
        .context("cannot read the workspace")?
        .target_directory;
    match typescript::compiler(target.as_std_path()) {
        Ok(script) => run.tsc = Some(script),
        Err(error) if std::env::var_os("CI").is_some() => return Err(error),
        Err(error) => say::note(&format!(
            "the TypeScript compiler cannot be installed, so the test of the API's types is skipped: {error:#}"
        )),
    }
    Ok(())
}

fn has_nextest(run: &Run) -> bool {
    command::output(run.cargo().args(["nextest", "--version"])).is_some()
}
