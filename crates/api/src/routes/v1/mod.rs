//! `/api/v1`: agents, what they measured, and what was done.

pub(super) mod agents;
pub(super) mod audit;
pub(super) mod events;
pub(super) mod halts;
pub(super) mod metrics;
pub(super) mod registry;
pub(super) mod telemetry;
