//! Running other programs so that an interruption reaches them and their failure names them.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::say;

/// Set once a signal asked us to stop.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// The process id of the program that runs now.
static CURRENT: Mutex<Option<u32>> = Mutex::new(None);

/// From here on Ctrl-C, SIGTERM and SIGHUP end the running program instead of us, so that guards still clean up.
pub fn forward_signals() -> anyhow::Result<()> {
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])
        .context("cannot listen for signals")?;
    std::thread::spawn(move || {
        for _ in signals.forever() {
            INTERRUPTED.store(true, Ordering::SeqCst);
            if let Some(id) = *CURRENT.lock().unwrap_or_else(PoisonError::into_inner) {
                let _ = Command::new("kill")
                    .args(["-TERM", &id.to_string()])
                    .status();
            }
        }
    });
    Ok(())
}

/// Whether a signal asked us to stop.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Runs a program with our own output and fails unless it succeeds. It gets no input.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let child = spawn(command)?;
    finish(child, command)
}

/// Like [`run`], and hands every line of its standard output to `each` after printing it.
pub fn run_reading(command: &mut Command, mut each: impl FnMut(&str)) -> anyhow::Result<()> {
    let mut child = spawn(command.stdout(Stdio::piped()))?;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines() {
            let line = line.context("cannot read the program's output")?;
            say::result(&line);
            each(&line);
        }
    }
    finish(child, command)
}

/// What a program prints, or nothing when it is missing or fails.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output();
    let output = output.ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Cargo as it was called for us.
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The user's number; 0 is root.
pub fn user_id() -> Option<u32> {
    output(Command::new("id").arg("-u"))?.parse().ok()
}

/// Installs Debian packages when that is possible without asking.
///
/// `needed_for` completes the sentence "… is needed for".
pub fn install(packages: &[&str], needed_for: &str) -> anyhow::Result<()> {
    let names = packages.join(" ");
    let apt = output(Command::new("apt-get").arg("--version")).is_some();
    if user_id() != Some(0) || !apt {
        bail!(
            "{names} is needed for {needed_for}: please install it (on Debian: sudo apt-get install {names})"
        );
    }
    say::note(&format!("installing {names}, needed for {needed_for}"));
    if run(apt_get("install").args(packages)).is_ok() {
        return Ok(());
    }
    run(&mut apt_get("update"))?;
    run(apt_get("install").args(packages))
}

fn apt_get(verb: &str) -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").arg(verb);
    if verb == "install" {
        command.args(["-y", "-qq", "--no-install-recommends"]);
    }
    command
}

fn spawn(command: &mut Command) -> anyhow::Result<Child> {
    if interrupted() {
        bail!("interrupted");
    }
    let child = command.stdin(Stdio::null()).spawn();
    let child = child.with_context(|| format!("cannot start {}", name_of(command)))?;
    *CURRENT.lock().unwrap_or_else(PoisonError::into_inner) = Some(child.id());
    Ok(child)
}

fn finish(mut child: Child, command: &Command) -> anyhow::Result<()> {
    let status = child.wait();
    *CURRENT.lock().unwrap_or_else(PoisonError::into_inner) = None;
    let status = status.context("cannot wait for the program")?;
    if interrupted() {
        bail!("interrupted");
    }
    if !status.success() {
        bail!("{} ended with {status}", name_of(command));
    }
    Ok(())
}

fn name_of(command: &Command) -> String {
    let arguments = command
        .get_args()
        .map(|argument| argument.to_string_lossy());
    let program = command.get_program().to_string_lossy();
    let program = program.rsplit('/').next().unwrap_or_default().to_owned();
    std::iter::once(program.into())
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_program_and_its_arguments() {
        let error = run(Command::new("false").arg("--loudly")).unwrap_err();
        assert!(error.to_string().starts_with("false --loudly ended with"));
    }

    #[test]
    fn lines_are_read_while_they_are_printed() {
        let mut lines = Vec::new();
        run_reading(Command::new("echo").arg("3 passed"), |line| {
            lines.push(line.to_owned());
        })
        .unwrap();
        assert_eq!(lines, ["3 passed"]);
    }

    #[test]
    fn a_missing_program_has_no_output() {
        assert_eq!(output(&mut Command::new("/no/such/program")), None);
    }
}
