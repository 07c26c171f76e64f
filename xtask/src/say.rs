//! The only place that prints: results to stdout, everything about the run to stderr.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is a command line tool; printing is its output"
)]

/// Prints a result.
pub fn result(line: &str) {
    println!("{line}");
}

/// Prints a word about the run.
pub fn note(line: &str) {
    eprintln!("{line}");
}
