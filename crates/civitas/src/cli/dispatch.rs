//! From what was typed to what is done, and to the exit code.

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

use clap::Parser;

use super::arguments::{Arguments, Command};
use super::failure::{Failure, document};
use super::files::{Files, LEFT_OUT};
use super::output::{BAD, causes, note};
use super::{
    agents, approvals, audit, backup, budgets, demo, describe, doctor, executions, files, halts,
    hook, intent, policy, serving, sign_in, telemetry, token, user, webhooks,
};

/// Runs the command line.
pub fn run() -> ExitCode {
    // The HTTP client takes the process's provider; a second one would only mean that it is there already.
    drop(rustls::crypto::ring::default_provider().install_default());
    let arguments = parse();
    let machine = arguments.remote.json;
    // A coding agent waits for each of these: no threads are started for it.
    if let Command::Hook(hook) = &arguments.command {
        return hook::run(hook, &arguments.remote);
    }
    match execute(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if reader_left(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let failure = error.downcast_ref::<Failure>();
            if machine {
                let problem =
                    failure.map_or_else(|| document("failed", &causes(&error)), Failure::to_json);
                note(&problem.to_string());
            } else {
                note(&format!("{BAD}error:{BAD:#} {}", causes(&error)));
            }
            failure.map_or(ExitCode::FAILURE, Failure::exit_code)
        }
    }
}

/// Reads what was typed. What looks like options that `search` does not have are words to leave out.
fn parse() -> Arguments {
    let typed: Vec<OsString> = std::env::args_os().collect();
    let error = match Arguments::try_parse_from(&typed) {
        Ok(arguments) => return arguments,
        Err(error) => error,
    };
    let command = typed.iter().position(|word| word == "search");
    // `-harbour` would be asking for help.
    if let Some(command) = command {
        let marked = typed.into_iter().enumerate().map(|(at, word)| {
            let mut marked = OsString::from(LEFT_OUT.to_string());
            if at <= command || !is_left_out(&word) {
                return word;
            }
            marked.push(word);
            marked
        });
        if let Ok(arguments) = Arguments::try_parse_from(marked)
            && matches!(
                arguments.command,
                Command::Search(_) | Command::Files(Files::Search(_))
            )
        {
            return arguments;
        }
    }
    error.exit()
}

/// Whether a word has one hyphen and a word after it.
fn is_left_out(word: &OsStr) -> bool {
    let word = word.as_encoded_bytes();
    word.len() > 2 && word.starts_with(b"-") && !word.starts_with(b"--")
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
            Command::Demo(demo) => demo::run(demo, remote.json).await,
            Command::Files(command) => files::run(command, remote).await,
            Command::Search(arguments) => files::search(arguments, remote).await,
            Command::Intent(command) => intent::run(command, remote).await,
            Command::Executions(command) => executions::run(command, remote).await,
            Command::Agents(command) => agents::run(command, remote).await,
            Command::Budgets(command) => budgets::run(command, remote).await,
            Command::Approvals(command) => approvals::run(command, remote).await,
            Command::Approve(arguments) => approvals::approve(arguments, remote).await,
            Command::Deny(arguments) => approvals::deny(arguments, remote).await,
            Command::Policy(command) => policy::run(command, remote).await,
            Command::Halt(arguments) => halts::halt(arguments, remote).await,
            Command::Halts(command) => halts::run(command, remote).await,
            Command::Hook(_) => Ok(()), // Done before, without threads.
            Command::Webhooks(command) => webhooks::run(command, remote).await,
            Command::Telemetry(command) => telemetry::run(command, remote).await,
            Command::Login(arguments) => sign_in::login(arguments, remote).await,
            Command::Logout(arguments) => sign_in::logout(arguments, remote).await,
            Command::Setup(arguments) => sign_in::setup(arguments, remote).await,
            Command::Whoami => sign_in::whoami(remote).await,
            Command::User(command) => user::run(command, remote).await,
            Command::Token(command) => token::run(command, remote).await,
            Command::Doctor(doctor) => doctor::run(doctor, remote.json).await,
            Command::Audit(command) => audit::run(command, remote.json).await,
            Command::Backup(arguments) => backup::backup(arguments, remote.json).await,
            Command::Restore(arguments) => backup::restore(arguments, remote.json).await,
            Command::Openapi => describe::openapi(),
            Command::Completions(arguments) => describe::completions(&arguments),
        }
    })
}
