//! What people do every day, with the outcome for a developer: a golden file, so that no change makes somebody ask unseen.
//!
//! `UPDATE_GOLDEN=1 cargo nextest run -p civitas-policy everyday` writes the outcomes again: read the difference.

use super::bash;
use std::fmt::Write;
use std::path::Path;

/// One command a line, after its outcome and a tab; `⏎` stands for the end of a line.
const GOLDEN: &str = "src/decide/tests/everyday.txt";

/// How many commands there are at least.
const COMMANDS_MIN: usize = 200;

#[test]
fn what_is_done_every_day_has_the_outcome_of_before() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(GOLDEN);
    let golden = std::fs::read_to_string(&path).unwrap();
    let mut found = String::new();
    for line in golden.lines() {
        let (_, command) = line.split_once('\t').unwrap();
        let outcome = bash("developer", &command.replace('⏎', "\n")).outcome;
        writeln!(found, "{outcome:?}\t{command}").unwrap();
    }
    assert!(golden.lines().count() >= COMMANDS_MIN);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    let changed: Vec<(&str, &str)> = golden
        .lines()
        .zip(found.lines())
        .filter(|(before, now)| before != now)
        .collect();
    assert!(
        changed.is_empty(),
        "answered differently; look at the change with UPDATE_GOLDEN=1 and git diff: {changed:#?}"
    );
}
