//! `/api/v1`: agents, and what they measured.

pub(super) mod agents;
pub(super) mod metrics;
pub(super) mod registry;
