//! The `civitas` binary.

use std::process::ExitCode;

use civitas::sandbox_child;

fn main() -> ExitCode {
    // Before anything else: the child closes every file it finds open, and must hold none of ours.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|argument| argument == sandbox_child::COMMAND)
    {
        return sandbox_child::run();
    }
    civitas::cli::run()
}
