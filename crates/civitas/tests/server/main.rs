//! The server as its clients see it: a real node with real stores and a real sandbox, on a real socket. The modules
//! mirror the URLs.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers, too"
)]

mod access;
mod agents;
mod approvals;
mod artifacts;
mod auth;
mod bad_input;
mod budgets;
mod client;
mod completeness;
mod content;
mod costs;
mod documentation;
mod events;
mod execution;
mod feed;
mod fleet;
mod gate;
mod gate_names;
mod gate_people;
mod health;
mod hostile;
mod idempotency;
mod intent;
mod parameters;
mod policy;
mod policy_check;
mod queries;
mod realm;
mod role_budgets;
mod server;
mod session;
mod sockets;
mod stopping;
mod streams;
mod telemetry;
mod tenants;
mod turns;
mod upload_bounds;
mod uploads;
mod validation_rules;
mod webhooks;
