//! The TypeScript compiler, for the test that compiles the API's types: an npm package in the target folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::command;

/// The version that is installed; the last one written in JavaScript, so that any Node.js runs it.
const VERSION: &str = "5.9.3";
/// What tells the test where it is.
pub(super) const VARIABLE: &str = "CIVITAS_TEST_TSC";

/// The compiler's script, installed at the first call.
pub(super) fn compiler(target: &Path) -> anyhow::Result<PathBuf> {
    for program in ["node", "npm"] {
        if command::output(Command::new(program).arg("--version")).is_none() {
            command::install(&["nodejs", "npm"], "compiling the API's TypeScript types")?;
        }
    }
    let folder = target.join(format!("typescript-{VERSION}"));
    let script = folder.join("node_modules/typescript/lib/tsc.js");
    // Written at the end: an installation that was stopped half-way is made anew.
    let complete = folder.join("complete");
    if !complete.exists() {
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        let mut npm = Command::new("npm");
        npm.args([
            "install",
            "--silent",
            "--no-audit",
            "--no-fund",
            "--no-save",
            "--ignore-scripts",
        ]);
        npm.arg("--prefix").arg(&folder);
        command::run(npm.arg(format!("typescript@{VERSION}")))?;
        ensure!(script.exists(), "npm installed no {}", script.display());
        std::fs::write(&complete, "")
            .with_context(|| format!("cannot write {}", complete.display()))?;
    }
    Ok(script)
}
