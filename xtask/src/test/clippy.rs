//! No compiler or clippy warning in any target.

use crate::command;

use super::Run;

pub(super) fn run(run: &mut Run) -> anyhow::Result<()> {
    let mut clippy = run.cargo();
    clippy.args(["clippy", "--workspace", "--all-targets", "--locked"]);
    command::run(clippy.args(["--", "-D", "warnings"]))
}
