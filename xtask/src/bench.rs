//! `cargo xtask bench`: builds the benchmark in release and runs it.

use std::path::{Path, absolute};
use std::process::Command;

use anyhow::Context as _;
use cargo_metadata::MetadataCommand;

use crate::{command, python, say};

/// The part that needs a peer, and what the peer and its documents are made with.
const PEER: &str = "documents";
const REQUIREMENTS: &str = "crates/bench/peer/requirements.txt";

pub fn run(root: &Path, quick: bool, json: Option<&Path>, only: &[String]) -> anyhow::Result<()> {
    command::forward_signals()?;
    let metadata = MetadataCommand::new().current_dir(root).no_deps().exec();
    let target = metadata
        .context("cannot read the workspace")?
        .target_directory;
    // The command line is measured too, and looked for beside the benchmark.
    let mut build = command::cargo();
    build
        .current_dir(root)
        .args(["build", "--release", "--locked"]);
    command::run(build.args(["-p", "civitas", "-p", "civitas-bench"]))?;
    let mut bench = Command::new(target.join("release/civitas-bench"));
    bench.current_dir(root);
    if quick {
        bench.arg("--quick");
    }
    if let Some(json) = json {
        // The benchmark runs in the workspace's folder, whoever called us from where.
        bench.arg("--json").arg(absolute(json)?);
    }
    for part in only {
        bench.args(["--only", part]);
    }
    if only.is_empty() || only.iter().any(|part| part == PEER) {
        let requirements = root.join(REQUIREMENTS);
        let packages = ["--requirement", requirements.to_str().context("not UTF-8")?];
        match python::environment(target.as_std_path(), "bench-peer", &packages) {
            Ok(programs) => {
                bench.arg("--python").arg(programs.join("python"));
            }
            Err(error) => say::note(&format!(
                "the part `{PEER}` is left out: it needs python3 with venv and a package index ({error:#})"
            )),
        }
    }
    command::run(&mut bench)
}
