//! `/api/v1`: agents, what they measured and may spend, and what was done.

pub(super) mod agents;
pub(super) mod audit;
pub(super) mod budget;
pub(super) mod budgets;
pub(super) mod events;
pub(super) mod metrics;
pub(super) mod registry;
