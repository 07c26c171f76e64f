//! `cargo xtask crash`: the crash test, for longer than the test command has time for.

use std::path::Path;

use crate::command;

pub fn run(root: &Path, rounds: u32, seed: Option<u64>) -> anyhow::Result<()> {
    command::forward_signals()?;
    let mut cargo = command::cargo();
    cargo
        .current_dir(root)
        .args(["test", "--locked", "-p", "civitas", "--test", "crash"])
        .args(["--", "--nocapture"])
        .env("CIVITAS_CRASH_ROUNDS", rounds.to_string());
    if let Some(seed) = seed {
        cargo.env("CIVITAS_CRASH_SEED", seed.to_string());
    }
    command::run(&mut cargo)
}
