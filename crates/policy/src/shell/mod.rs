//! A command line taken apart: every command that a POSIX shell, bash or zsh would run, as far as text alone can tell.
//!
//! [`parse`] reads a command the way the shell does (quotes, expansions, here-documents, compound commands) and lists
//! each simple command it finds, also inside subshells, substitutions, functions, `sh -c '…'`, `eval`, `xargs`,
//! `find -exec` and wrappers such as `sudo` or `timeout`. What cannot be known from the text is never guessed: it is
//! listed as [`Script::unclear`], and a script with anything unclear is at best held for a person.
//!
//! Why not an existing parser: those that recover from errors answer something for any text, where this needs to know
//! that it does not know; those that do not are recursive without a limit or under the GPL. This one is linear in its input, refuses more than
//! [`LENGTH_MAX`] bytes, [`COMMANDS_MAX`] commands and [`DEPTH_MAX`] levels, and reads less than a shell does: a
//! construct it does not know is unclear.

mod changes;
mod compound;
mod dollar;
mod git;
mod languages;
mod opaque;
mod parser;
mod programs;
mod redirect;
mod script;
mod settings;
mod substitution;
#[cfg(test)]
mod tests;
mod unwrap;
mod word;
mod wrappers;

pub(crate) use languages::{AWK, SED, awk_programs, scripts};
pub use parser::parse;
pub use script::{Command, Here, Redirect, RedirectKind, Script, Unclear, Word};

/// The longest command that is read, in bytes.
pub const LENGTH_MAX: usize = 64 * 1024;
/// How many simple commands one script may hold.
pub const COMMANDS_MAX: usize = 256;
/// How deep subshells, substitutions and wrappers may be nested.
pub const DEPTH_MAX: usize = 24;
