//! Python packages, each set in a virtual environment of its own in the target folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::command;

/// The `bin` folder of an environment that has these packages, which is made at the first call; `name` names the
/// packages and their version, so that another version is another environment.
///
/// # Errors
/// There is no Python, or no package index.
pub fn environment(target: &Path, name: &str, packages: &[&str]) -> anyhow::Result<PathBuf> {
    let folder = target.join(name);
    let programs = folder.join("bin");
    // Written at the end: an installation that was stopped half-way is made anew.
    let complete = folder.join("complete");
    if complete.exists() {
        return Ok(programs);
    }
    command::run(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&folder),
    )?;
    let mut pip = Command::new(programs.join("python"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]);
    command::run(pip.args(packages))?;
    std::fs::write(&complete, "")
        .with_context(|| format!("cannot write {}", complete.display()))?;
    Ok(programs)
}
