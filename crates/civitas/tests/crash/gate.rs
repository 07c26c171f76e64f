//! Calls of agents' tools: decided, held for people and paid for while the server is killed.

mod check;
mod evidence;
mod facts;
mod load;
mod look;
mod setting;

pub(crate) use check::{Finding, check};
pub(crate) use facts::Facts;
pub(crate) use load::Here;
pub(crate) use look::{again, look};
pub(crate) use setting::Setting;

/// Where events of hooks go.
pub(crate) const HOOK: &str = "/api/v1/hooks/claude-code";
