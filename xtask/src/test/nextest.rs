//! Every test of the workspace.

use crate::{command, say};

use super::Run;

pub(super) fn run(run: &mut Run) -> anyhow::Result<()> {
    if run.nextest {
        let mut cargo = run.cargo();
        cargo.args(["nextest", "run", "--workspace", "--locked"]);
        if std::env::var("CI").is_ok_and(|ci| ci == "true" || ci == "1") {
            cargo.args(["--profile", "ci"]);
        }
        return command::run(&mut cargo);
    }
    let mut cargo = run.cargo();
    // Not the doc tests, which have had their step, and no benchmarks.
    cargo.args([
        "test",
        "--workspace",
        "--lib",
        "--bins",
        "--tests",
        "--examples",
    ]);
    cargo.args(["--locked", "--no-fail-fast"]);
    let mut totals = (0, 0);
    let outcome = command::run_reading(&mut cargo, |line| add(&mut totals, line));
    say::result(&format!("{} passed, {} failed", totals.0, totals.1));
    outcome
}

/// Adds what a line such as `test result: ok. 3 passed; 0 failed; …` reports.
fn add(totals: &mut (u64, u64), line: &str) {
    let Some(rest) = line.strip_prefix("test result: ") else {
        return;
    };
    let count = |label: &str| {
        let words: Vec<&str> = rest.split([' ', ';']).collect();
        let at = words.iter().position(|word| *word == label)?;
        words.get(at.checked_sub(1)?)?.parse::<u64>().ok()
    };
    totals.0 += count("passed").unwrap_or(0);
    totals.1 += count("failed").unwrap_or(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_results_of_several_test_binaries_add_up() {
        let mut totals = (0, 0);
        add(
            &mut totals,
            "test result: ok. 3 passed; 0 failed; 0 ignored",
        );
        add(
            &mut totals,
            "test result: FAILED. 2 passed; 1 failed; 0 ignored",
        );
        add(&mut totals, "test a::b ... ok");
        assert_eq!(totals, (5, 1));
    }
}
