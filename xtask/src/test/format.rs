//! Every Rust file is formatted as `cargo fmt` would.

use crate::command;

use super::Run;

pub(super) fn run(run: &mut Run) -> anyhow::Result<()> {
    command::run(run.cargo().args(["fmt", "--all", "--check"]))
}
