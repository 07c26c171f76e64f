//! `/api/v1/agents`: the registry of agents.

pub(in crate::routes) mod activity;
pub(in crate::routes) mod answer;
pub(in crate::routes) mod create;
pub(in crate::routes) mod file;
pub(in crate::routes) mod life;
pub(in crate::routes) mod list;
pub(in crate::routes) mod remove;
pub(in crate::routes) mod sessions;
pub(in crate::routes) mod show;
pub(in crate::routes) mod stats;
pub(in crate::routes) mod unregistered;
pub(in crate::routes) mod update;
