//! `cargo xtask bench`: builds the benchmark in release and runs it.

use std::path::{Path, absolute};

use crate::command;

pub fn run(root: &Path, quick: bool, json: Option<&Path>) -> anyhow::Result<()> {
    command::forward_signals()?;
    let mut cargo = command::cargo();
    cargo
        .current_dir(root)
        .args(["run", "--release", "--locked", "-p", "civitas-bench", "--"]);
    if quick {
        cargo.arg("--quick");
    }
    if let Some(json) = json {
        // The benchmark runs in the workspace's folder, whoever called us from where.
        cargo.arg("--json").arg(absolute(json)?);
    }
    command::run(&mut cargo)
}
