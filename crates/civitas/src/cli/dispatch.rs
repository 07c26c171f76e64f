//! From what was typed to what is done, and to the exit code.

use std::process::ExitCode;

use clap::Parser;

use super::arguments::{Arguments, Command};
use super::failure::Failure;
use super::output::{BAD, note};
use super::{backup, demo, describe, doctor, executions, files, intent, serving, token, user};

/// Runs the command line.
pub fn run() -> ExitCode {
    // The HTTP client takes the process's provider; a second one would only mean that it is there already.
    drop(rustls::crypto::ring::default_provider().install_default());
    let arguments = Arguments::parse();
    match execute(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if reader_left(&error) => ExitCode::SUCCESS,
        Err(error) => {
            note(&format!("{BAD}error:{BAD:#} {error:#}"));
            error
                .downcast_ref::<Failure>()
                .map_or(ExitCode::FAILURE, Failure::exit_code)
        }
    }
}

/// Whether whoever read our output, such as `head`, has seen enough.
fn reader_left(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<std::io::Error>();
    cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}

fn execute(arguments: Arguments) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let remote = &arguments.remote;
    runtime.block_on(async {
        match arguments.command {
            Command::Dev(dev) => serving::dev(dev).await,
            Command::Serve(serve) => serving::serve(serve).await,
            Command::Demo(demo) => demo::run(demo).await,
            Command::Files(command) => files::run(command, remote).await,
            Command::Search(arguments) => files::search(arguments, remote).await,
            Command::Intent(command) => intent::run(command, remote).await,
            Command::Executions(command) => executions::run(command, remote).await,
            Command::User(command) => user::run(command, remote).await,
            Command::Token(command) => token::run(command, remote).await,
            Command::Doctor(doctor) => doctor::run(doctor, remote.json).await,
            Command::Backup(arguments) => backup::backup(arguments).await,
            Command::Restore(arguments) => backup::restore(arguments).await,
            Command::Openapi => describe::openapi(),
            Command::Completions(arguments) => describe::completions(&arguments),
        }
    })
}
