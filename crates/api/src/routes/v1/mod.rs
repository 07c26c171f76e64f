//! `/api/v1`: agents, what they may do and spend, what waits for people, what was measured and what was done.

pub(super) mod agents;
pub(super) mod allowances;
pub(super) mod approvals;
pub(super) mod audit;
pub(super) mod budget;
pub(super) mod budgets;
pub(super) mod decisions;
pub(super) mod events;
pub(super) mod halts;
pub(super) mod hooks;
pub(super) mod metrics;
pub(super) mod policy;
pub(super) mod registry;
pub(super) mod schema;
pub(super) mod telemetry;
pub(super) mod webhooks;
pub(super) mod websocket;
