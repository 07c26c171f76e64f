//! `/api/v1`: agents, what they measured, what people have to approve, and what was done.
//! `/api/v1`: agents, what they measured and may spend, and what was done.

pub(super) mod agents;
pub(super) mod allowances;
pub(super) mod approvals;
pub(super) mod audit;
pub(super) mod budget;
pub(super) mod budgets;
pub(super) mod events;
pub(super) mod halts;
pub(super) mod hooks;
pub(super) mod metrics;
pub(super) mod registry;
pub(super) mod telemetry;
