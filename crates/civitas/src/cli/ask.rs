//! A question to whoever sits at the terminal.

use std::io::{BufRead, IsTerminal, Write};

use super::failure::Failure;

/// Whether there is a terminal to ask at.
pub(crate) fn is_possible() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks before something is done that one may not have meant; anything but a yes is a no.
pub(crate) fn confirm(question: &str) -> Result<(), Failure> {
    let mut terminal = std::io::stderr();
    // Who cannot read the question does not say yes to it.
    drop(write!(terminal, "{question} [y/N] ").and_then(|()| terminal.flush()));
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    let said = line.trim();
    if read.is_ok()
        && ["y", "yes"]
            .iter()
            .any(|yes| said.eq_ignore_ascii_case(yes))
    {
        return Ok(());
    }
    Err(Failure::failed("nothing was done"))
}
