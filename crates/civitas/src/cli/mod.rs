//! The command line.
//!
//! Data goes to standard output, everything else to standard error. Exit codes: 0 done, 1 failed, 2 wrong usage.

mod arguments;
mod demo;
mod dispatch;
pub(crate) mod failure;
mod output;
mod serving;

pub use arguments::Arguments;
pub use dispatch::run;
