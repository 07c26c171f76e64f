//! `/api/v1/events`: what agents did, as entries of the audit log.

pub(crate) mod activity;
mod answer;
pub(crate) mod ingest;
pub(crate) mod list;
pub(crate) mod stats;

pub(crate) use answer::{AGENT, AuditLog, Facts};
