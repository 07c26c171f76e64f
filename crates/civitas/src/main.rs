//! The `civitas` binary.

mod sandbox_child;

use std::process::ExitCode;

fn main() -> ExitCode {
    sandbox_child::run()
}
