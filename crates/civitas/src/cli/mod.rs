//! The command line.
//!
//! Data goes to standard output, everything else to standard error. Exit codes are listed in
//! `civitas --help`.

mod agents;
mod approvals;
mod arguments;
mod ask;
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
pub(crate) mod output;
mod policy;
mod quantity;
mod remote;
pub(crate) mod replace;
mod serving;
mod sign_in;
mod telemetry;
mod token;
mod user;
mod webhooks;

pub use arguments::Arguments;
pub use dispatch::run;
