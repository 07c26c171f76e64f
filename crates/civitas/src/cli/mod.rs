//! The command line.
//!
//! Data goes to standard output, everything else to standard error. Exit codes are listed in
//! `civitas --help`.

mod agents;
mod approvals;
mod arguments;
mod audit;
mod backup;
mod budgets;
mod demo;
mod describe;
mod difference;
mod dispatch;
mod doctor;
mod executions;
pub(crate) mod failure;
mod files;
mod halts;
mod hook;
mod intake;
mod intent;
mod json_input;
mod listen;
mod output;
mod policy;
mod quantity;
mod remote;
mod serving;
mod telemetry;
mod token;
mod user;
mod webhooks;

pub use arguments::Arguments;
pub use dispatch::run;
