//! `civitas audit`: the audit log, checked without a server and without trusting one.

mod beside;
mod check;
mod command;
mod export;
mod prove;
mod source;
mod verify;

pub use command::Audit;
pub(crate) use command::run;
