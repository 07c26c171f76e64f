//! `civitas openapi` and `civitas completions`: this program, described for other programs.

use std::io::Write;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::arguments::Arguments;
use super::output::data;

/// Print what a shell needs to complete commands.
#[derive(Debug, Args)]
pub struct Completions {
    /// Which shell.
    pub shell: Shell,
}

/// Prints the OpenAPI document.
pub(crate) fn openapi() -> anyhow::Result<()> {
    Ok(data(&serde_json::to_string_pretty(
        &civitas_api::openapi(),
    )?)?)
}

/// Prints completions.
pub(crate) fn completions(arguments: &Completions) -> anyhow::Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Arguments::command(),
        "civitas",
        &mut text,
    );
    Ok(std::io::stdout().lock().write_all(&text)?)
}
