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
    let options = options(&arguments.command);
    match execute(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if reader_left(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let error = in_words(error, options);
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

/// The same in the words of what was typed. What has a context of its own keeps it.
fn in_words(error: anyhow::Error, options: &[(&str, &str)]) -> anyhow::Error {
    if error.chain().len() > 1 {
        return error;
    }
    match error.downcast::<Failure>() {
        Ok(failure) => failure.in_words_of(options).into(),
        Err(error) => error,
    }
}

/// The options in which a command says what the server knows as fields of a body.
const fn options(command: &Command) -> &'static [(&'static str, &'static str)] {
    match command {
        Command::Agents(_) => &[
            ("/role", "--role"),
            ("/session_id", "--session"),
            ("/lifecycle", "--state"),
            ("/types", "--type"),
            ("/expires_in_days", "--days"),
        ],
        Command::Approvals(_) | Command::Approve(_) | Command::Deny(_) => &[
            ("/always/scope", "--always"),
            ("/always/expires_in", "--for"),
            ("/always", "--always"),
            ("/input", "--input"),
            ("/request_hash", "--hash"),
            ("/comment", "--comment"),
            ("/to", "WHO"),
        ],
        Command::Budgets(_) => &[
            ("/max_cost_usd", "--cost"),
            ("/max_tokens", "--tokens"),
            ("/period", "--period"),
            ("/window_hours", "--hours"),
            ("/kind", "--kind"),
        ],
        Command::Halt(_) => &[("/scope/id", "what is to stop"), ("/reason", "REASON")],
        Command::Webhooks(_) => &[("/url", "URL"), ("/types", "--type")],
        Command::Policy(_) => &[
            ("/note", "--note"),
            ("/role", "--role"),
            ("/agent", "--agent"),
            ("/facts", "--fact"),
            ("/environment", "--environment"),
            ("/session_id", "--session"),
        ],
        Command::User(_) => &[
            ("/user/email", "EMAIL"),
            ("/user/password", "the password"),
            ("/user/name", "--name"),
            ("/role", "--role"),
        ],
        Command::Setup(_) => &[
            ("/administrator/email", "--email"),
            ("/administrator/password", "the password"),
            ("/administrator/name", "--name"),
        ],
        Command::Token(_) => &[
            ("/name", "NAME"),
            ("/scopes", "--scope"),
            ("/expires_in_days", "--days"),
        ],
        _ => &[],
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
