//! `/api/v1/registry`: files of agents in.

pub(in crate::routes) mod import;
